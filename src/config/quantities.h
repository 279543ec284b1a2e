#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace indrik::config {

/// "250ms", "30s", "1.5m", "2h"; a number alone is seconds. Rounded to milliseconds. None for anything else, for less
/// than nothing, for what rounds to 0 without being 0, and for more than a year.
std::optional<milliseconds> parse_duration(std::string_view text) noexcept;
std::optional<milliseconds> duration_of_seconds(double seconds) noexcept;
/// "0s", "250ms", "90s", "2h": parse_duration() reads it back.
std::string format_duration(milliseconds duration);

/// "4094", "512B", "64KiB", "1MiB", "2GiB". None for anything else and for what no int64 holds.
std::optional<std::int64_t> parse_bytes(std::string_view text) noexcept;
/// In the largest unit that leaves nothing over; below 1 KiB the bare number.
std::string format_bytes(std::int64_t bytes);

}  // namespace indrik::config
