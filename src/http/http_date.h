#pragma once

#include <array>
#include <ctime>
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

}  // namespace indrik::http
