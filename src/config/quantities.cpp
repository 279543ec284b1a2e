#include "config/quantities.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/strings.h"

namespace indrik::config {

namespace {

template <class Factor>
struct Unit {
  std::string_view name;
  Factor factor;
};

// Looked through in this order: "ms" before "s", "KiB" before "B".
constexpr auto kDurations = std::to_array<Unit<double>>({{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}});
constexpr auto kSizes =
    std::to_array<Unit<std::int64_t>>({{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}});

/// Takes the unit off the end of `text`; none stands there: 1.
template <class Units>
auto take_unit(std::string_view& text, const Units& units) noexcept {
  for (const auto& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    text.remove_suffix(unit.name.size());
    return unit.factor;
  }
  return decltype(units.front().factor){1};
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<milliseconds> duration_of_seconds(double seconds) noexcept {
  constexpr double kYear = 366.0 * 24 * 3600;
  if (!(seconds >= 0 && seconds <= kYear)) return std::nullopt;  // NaN is refused, too
  const auto rounded = milliseconds{std::llround(seconds * 1000)};
  if (rounded == milliseconds{0} && seconds > 0) return std::nullopt;  // 0 may mean "off": nobody meant that here
  return rounded;
}

std::optional<milliseconds> parse_duration(std::string_view text) noexcept {
  const double unit = take_unit(text, kDurations);
  if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return std::nullopt;  // no "inf", no "1."
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return duration_of_seconds(number * unit);
}

std::string format_duration(milliseconds duration) {
  const auto count = duration.count();
  if (count > 0 && count % 3'600'000 == 0) return fmt::format("{}h", count / 3'600'000);
  return count % 1000 == 0 ? fmt::format("{}s", count / 1000) : fmt::format("{}ms", count);
}

std::optional<std::int64_t> parse_bytes(std::string_view text) noexcept {
  const std::int64_t unit = take_unit(text, kSizes);
  const auto number = parse_number<std::int64_t>(text);
  if (!number || *number < 0 || *number > std::numeric_limits<std::int64_t>::max() / unit) return std::nullopt;
  return *number * unit;
}

std::string format_bytes(std::int64_t bytes) {
  for (const auto& unit : kSizes)
    if (unit.factor > 1 && bytes >= unit.factor && bytes % unit.factor == 0)
      return fmt::format("{}{}", bytes / unit.factor, unit.name);
  return fmt::format("{}", bytes);
}

}  // namespace indrik::config
