#pragma once

#include <time.h>

#include "base/clock.h"

namespace indrik::fiber {

inline bool is_valid(const timespec& duration) noexcept {
  return duration.tv_sec >= 0 && duration.tv_nsec >= 0 && duration.tv_nsec < 1'000'000'000;
}

/// Of a duration that is not below zero.
inline timespec to_timespec(nanoseconds duration) noexcept {
  const auto whole = std::chrono::floor<seconds>(duration);
  return {.tv_sec = whole.count(), .tv_nsec = (duration - whole).count()};
}

}  // namespace indrik::fiber
