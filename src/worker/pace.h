#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace indrik::worker {

/// How slow a client may be: behind someone who moves `least` bytes a second it may fall back by `grace`.
struct LeastRate {
  std::uint64_t least = 0;  ///< bytes a second; 0: any will do
  milliseconds grace{0};
};

/// How far a client is behind its least rate, over the time for which it was waited for: what others take their time
/// for is not its fault. Being ahead earns nothing, or a quick beginning would pay for hours of dribbling.
class Pace {
 public:
  /// So much has moved after such a wait.
  void add(std::uint64_t bytes, nanoseconds waited, const LeastRate& rate) noexcept {
    if (rate.least == 0) return;
    constexpr std::uint64_t kMost = 1ULL << 32;  // of bytes: their time is in nanoseconds, within 64 bits
    const nanoseconds worth{std::min(bytes, kMost) * std::uint64_t{1'000'000'000} / rate.least};
    behind_ = std::max(behind_ + waited - worth, nanoseconds::zero());
  }
  bool keeps_up(const LeastRate& rate) const noexcept { return behind_ <= rate.grace; }

 private:
  nanoseconds behind_{0};
};

}  // namespace indrik::worker
