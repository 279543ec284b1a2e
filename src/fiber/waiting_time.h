#pragma once

#include <time.h>

#include <algorithm>

#include "base/clock.h"

namespace indrik::fiber {

/// tv_nsec in range; what POSIX demands of every absolute time before it looks at anything else.
inline bool is_valid_time(const timespec& time) noexcept { return time.tv_nsec >= 0 && time.tv_nsec < 1'000'000'000; }

inline nanoseconds to_nanoseconds(const timespec& time) noexcept {
  // Some 292 years are forever: what does not fit into 64 bits of nanoseconds is cut there.
  constexpr auto kLongest = std::chrono::duration_cast<seconds>(nanoseconds::max()).count() - 1;
  if (time.tv_sec >= kLongest) return seconds{kLongest};
  if (time.tv_sec < 0) return nanoseconds::zero();
  return seconds{time.tv_sec} + nanoseconds{time.tv_nsec};
}

/// What is left until a time of a clock that clock_gettime(2) knows; zero when it is over.
inline nanoseconds time_left(clockid_t clock, const timespec& until) noexcept {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::max(to_nanoseconds(until) - to_nanoseconds(now), nanoseconds::zero());
}

/// Until when a call waits: for ever, or until a time of a clock, which is valid.
struct WaitLimit {
  clockid_t clock = CLOCK_MONOTONIC;
  const timespec* until = nullptr;

  bool is_set() const noexcept { return until != nullptr; }
  nanoseconds left() const noexcept { return until != nullptr ? time_left(clock, *until) : nanoseconds::max(); }
};

}  // namespace indrik::fiber
