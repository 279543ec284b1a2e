#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace indrik {

/// ASCII only, whatever the locale: what protocols mean by case-insensitive (RFC 9110 5.1).
constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
inline bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;  // mostly told by this alone
  for (std::size_t at = 0; at < a.size(); ++at)
    if (a[at] != b[at] && to_lower(a[at]) != to_lower(b[at])) return false;
  return true;
}

/// Without leading and trailing spaces and tabs.
constexpr std::string_view trim(std::string_view text) noexcept {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Every part between the separators, empty ones included.
std::vector<std::string_view> split(std::string_view text, char separator);

/// The whole text as a decimal number in the range of Number; none for anything else (sign of an unsigned, space, "").
template <std::integral Number>
std::optional<Number> parse_number(std::string_view text) noexcept {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

/// The candidate a person most likely meant by `word`; empty where none is near (more than a third of it is wrong).
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// `text` with every byte that is no printable ASCII, and '"' and '\\', as \xHH, \" and \\: safe in a line of a log.
std::string escaped(std::string_view text);

}  // namespace indrik
