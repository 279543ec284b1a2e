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
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// Without leading and trailing spaces and tabs.
std::string_view trim(std::string_view text) noexcept;

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
