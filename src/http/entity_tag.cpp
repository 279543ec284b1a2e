#include "http/entity_tag.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace indrik::http {
namespace {

constexpr std::string_view kWeak = "W/";

/// etagc, RFC 9110 8.8.3: visible without the quote, and obs-text.
bool is_tag_character(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != '"' && byte != 0x7f;
}

/// How long the entity tag is with which `text` begins; 0: it begins with none.
std::size_t tag_size(std::string_view text) noexcept {
  const std::size_t quote = text.starts_with(kWeak) ? kWeak.size() : 0;
  if (quote >= text.size() || text[quote] != '"') return 0;
  std::size_t end = quote + 1;
  while (end < text.size() && is_tag_character(text[end])) ++end;
  return end < text.size() && text[end] == '"' ? end + 1 : 0;
}

bool is_weak(std::string_view tag) noexcept { return tag.starts_with(kWeak); }
std::string_view opaque(std::string_view tag) noexcept { return is_weak(tag) ? tag.substr(kWeak.size()) : tag; }

bool are_equal(std::string_view a, std::string_view b, Comparison comparison) noexcept {
  if (comparison == Comparison::strong && (is_weak(a) || is_weak(b))) return false;
  return opaque(a) == opaque(b);
}

}  // namespace

std::string entity_tag_of(const FileIdentity& file, std::time_t now) {
  // Unsigned: times before 1970 exist, and need only be told apart.
  const auto nanoseconds = static_cast<std::uint64_t>(file.modified.tv_sec) * 1'000'000'000U +
                           static_cast<std::uint64_t>(file.modified.tv_nsec);
  const bool fresh = file.modified.tv_sec >= now - 1;
  return fmt::format("{}\"{:x}-{:x}-{:x}\"", fresh ? kWeak : "", nanoseconds, file.size, file.inode);
}

bool names_tag(std::string_view list, std::string_view tag, Comparison comparison) noexcept {
  list = trim(list);
  if (list == "*") return true;
  while (!list.empty()) {
    if (list.front() == ',' || list.front() == ' ' || list.front() == '\t') {  // empty elements: RFC 9110 5.6.1.2
      list.remove_prefix(1);
      continue;
    }
    const auto size = tag_size(list);
    if (size == 0) return false;
    if (are_equal(list.substr(0, size), tag, comparison)) return true;
    list = trim(list.substr(size));
    if (!list.empty() && list.front() != ',') return false;
  }
  return false;
}

bool is_same_strong_tag(std::string_view text, std::string_view tag) noexcept {
  return !text.empty() && tag_size(text) == text.size() && are_equal(text, tag, Comparison::strong);
}

}  // namespace indrik::http
