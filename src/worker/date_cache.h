#pragma once

#include <ctime>
#include <string_view>

#include "http/http_date.h"

namespace indrik::worker {

/// The Date field's value, made once a second.
class DateCache {
 public:
  /// `now`: seconds since 1970.
  std::string_view text(double now) noexcept {
    const auto second = static_cast<std::time_t>(now);
    if (second != second_) {
      second_ = second;
      date_ = http::HttpDate{second};
    }
    return date_.text();
  }

 private:
  std::time_t second_ = 0;
  http::HttpDate date_{0};
};

}  // namespace indrik::worker
