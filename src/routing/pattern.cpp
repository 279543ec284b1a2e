#include "routing/pattern.h"

#include <algorithm>

#include "base/strings.h"
#include "http/characters.h"
#include "routing/router.h"

namespace indrik::routing {

namespace {

bool is_identifier(std::string_view text) noexcept {
  const auto belongs = [](char c) { return c == '_' || http::is_alphanumeric(static_cast<unsigned char>(c)); };
  return !text.empty() && !http::is_digit(static_cast<unsigned char>(text.front())) &&
         std::all_of(text.begin(), text.end(), belongs);
}

bool is_literal_character(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f && c != '?' && c != '#' && c != '{' && c != '}';
}

Result<Segment> parse_segment(std::string_view text) {
  if (!text.starts_with('{')) {
    if (std::all_of(text.begin(), text.end(), is_literal_character)) return Segment{Segment::Kind::literal, text};
    return fail(Error::format("\"{}\" can be no part of a path", escaped(text)));
  }
  if (!text.ends_with('}')) return fail(Error::format("\"{}\" lacks its closing brace", escaped(text)));
  Segment segment{Segment::Kind::parameter, text.substr(1, text.size() - 2)};
  if (segment.text.ends_with("...")) {
    segment.kind = Segment::Kind::rest;
    segment.text.remove_suffix(3);
  }
  if (!is_identifier(segment.text))
    return fail(Error::format("\"{}\" has no name of letters, digits and _", escaped(text)));
  return segment;
}

Error about(std::string_view pattern, Error error) {
  return std::move(error).within(fmt::format("pattern \"{}\"", escaped(pattern)));
}

}  // namespace

Result<Pattern> Pattern::parse(std::string_view text) {
  if (!text.starts_with('/')) return fail(about(text, Error{"it does not begin with a slash"}));
  Pattern pattern;
  for (const auto part : split(text.substr(1), '/')) {
    const auto already = pattern.parameter_names();
    if (!pattern.segments_.empty() && pattern.segments_.back().text.empty())
      return fail(about(text, Error{"it has an empty segment"}));
    if (!pattern.segments_.empty() && pattern.has_rest())
      return fail(about(text, Error{"nothing can follow {name...}"}));
    auto segment = parse_segment(part);
    if (!segment) return fail(about(text, std::move(segment.error())));
    if (segment->kind != Segment::Kind::literal) {
      if (std::find(already.begin(), already.end(), segment->text) != already.end())
        return fail(about(text, Error::format("{{{}}} comes twice", segment->text)));
      if (already.size() == Match::kMaxParameters) return fail(about(text, Error{"it has too many parameters"}));
    }
    pattern.segments_.push_back(*segment);
  }
  return pattern;
}

std::vector<std::string> Pattern::parameter_names() const {
  std::vector<std::string> names;
  for (const auto& segment : segments_)
    if (segment.kind != Segment::Kind::literal) names.emplace_back(segment.text);
  return names;
}

}  // namespace indrik::routing
