#pragma once

#include <array>
#include <ctime>
#include <optional>
#include <string_view>

namespace indrik::http {

/// A point in time as HTTP writes it, "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110 5.6.7): always 29 bytes.
/// Pure: the caller brings the clock. Years 0 to 9999; other times become the nearest of these.
class HttpDate {
 public:
  explicit HttpDate(std::time_t seconds_since_epoch) noexcept;
  std::string_view text() const noexcept { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 29> text_;
};

/// A date in any of the three forms that RFC 9110 5.6.7 wants read: as above, "Sunday, 06-Nov-94 08:49:37 GMT", and
/// "Sun Nov  6 08:49:37 1994". None for all else, dates that no calendar has included; the name of the day is not
/// compared with the date. `now` decides the century of a year with two digits: at most 50 years from now.
std::optional<std::time_t> parse_http_date(std::string_view text, std::time_t now) noexcept;

}  // namespace indrik::http
