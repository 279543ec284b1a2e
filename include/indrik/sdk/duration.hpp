#pragma once

#include <charconv>
#include <chrono>
#include <limits>
#include <optional>
#include <string_view>

#include <indrik/sdk/api.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// To the nearest nanosecond; none for less than nothing and for more than a century.
template <class Period>
std::optional<std::chrono::nanoseconds> to_nanoseconds(std::chrono::duration<double, Period> time) noexcept {
  constexpr std::chrono::hours kCentury{876'000};
  if (!(time.count() >= 0) || time > kCentury) return std::nullopt;  // NaN is neither
  return std::chrono::round<std::chrono::nanoseconds>(time);
}

/// "250ms", "1.5s": a decimal number and one of ns, us, ms, s, m, h. None for anything else.
inline std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
  double count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count, std::chars_format::fixed);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit{stop, static_cast<std::size_t>(text.data() + text.size() - stop)};
  using std::chrono::duration;
  if (unit == "ns") return to_nanoseconds(duration<double, std::nano>{count});
  if (unit == "us") return to_nanoseconds(duration<double, std::micro>{count});
  if (unit == "ms") return to_nanoseconds(duration<double, std::milli>{count});
  if (unit == "s") return to_nanoseconds(duration<double>{count});
  if (unit == "m") return to_nanoseconds(duration<double, std::ratio<60>>{count});
  if (unit == "h") return to_nanoseconds(duration<double, std::ratio<3600>>{count});
  return std::nullopt;
}

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
