#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>

namespace indrik {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Every deadline and duration of ours is measured by this clock; the wall clock is for log lines and Date only.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

/// Nanoseconds of Clock as a plain number, for shared memory. Readable across processes of one boot: CLOCK_MONOTONIC.
inline std::int64_t monotonic_ns() noexcept {
  return std::chrono::duration_cast<nanoseconds>(Clock::now().time_since_epoch()).count();
}

/// The same, a few milliseconds old at most, for a fifth of the cost (CLOCK_MONOTONIC_COARSE).
inline std::int64_t coarse_monotonic_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace indrik
