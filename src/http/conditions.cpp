#include "http/conditions.h"

#include "http/entity_tag.h"
#include "http/http_date.h"

namespace indrik::http {
namespace {

enum class Answer : std::uint8_t { absent, yes, no };

/// Whether any line of a field with a list of entity tags names the current one.
Answer names_current(const Request& request, std::string_view name, std::string_view tag, Comparison how) noexcept {
  auto answer = Answer::absent;
  for (const auto& field : request.fields) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (names_tag(field.value, tag, how)) return Answer::yes;
    answer = Answer::no;
  }
  return answer;
}

/// Whether the current version is from after the date in that field.
Answer is_newer(const Request& request, std::string_view name, std::time_t modified, std::time_t now) noexcept {
  const auto text = only_field(request, name);
  const auto date = text ? parse_http_date(*text, now) : std::nullopt;
  if (!date) return Answer::absent;
  return modified > *date ? Answer::yes : Answer::no;
}

}  // namespace

std::optional<std::string_view> only_field(const Request& request, std::string_view name) noexcept {
  std::optional<std::string_view> value;
  for (const auto& field : request.fields) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (value) return std::nullopt;
    value = field.value;
  }
  return value;
}

Condition judge_conditions(const Request& request, const Validators& current, std::time_t now) noexcept {
  const auto match = names_current(request, "If-Match", current.tag, Comparison::strong);
  if (match == Answer::no) return Condition::failed;
  if (match == Answer::absent && is_newer(request, "If-Unmodified-Since", current.modified, now) == Answer::yes)
    return Condition::failed;
  const auto none_match = names_current(request, "If-None-Match", current.tag, Comparison::weak);
  if (none_match == Answer::yes) return Condition::not_modified;
  if (none_match == Answer::absent && is_newer(request, "If-Modified-Since", current.modified, now) == Answer::no)
    return Condition::not_modified;
  return Condition::met;
}

bool range_applies(const Request& request, const Validators& current, std::time_t now) noexcept {
  if (!request.field("If-Range")) return true;
  const auto given = only_field(request, "If-Range");
  if (!given) return false;
  if (is_same_strong_tag(*given, current.tag)) return true;
  const auto date = parse_http_date(*given, now);
  return date && *date == current.modified && current.modified < now - 1;
}

}  // namespace indrik::http
