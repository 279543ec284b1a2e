#pragma once

#include <algorithm>
#include <cstdint>

#include "worker/pace.h"

namespace indrik::worker {

/// Whether a client takes the answer that waits for it. That its socket is writable again tells only of large steps (a
/// third of a buffer that may be megabytes): a slow but steady reader is known by what the kernel still has for it. So
/// it is looked at, now and then, while something waits.
class Uptake {
 public:
  enum class Verdict : std::uint8_t { fine, stalled, too_slow };

  /// Looks in the time of which nothing may be taken: how much later than that a standstill is noticed at most, and how
  /// rarely anybody looks.
  static constexpr int kLooks = 4;
  /// Never 0, which would switch it off, but for 0.
  static milliseconds look_interval(milliseconds grace) noexcept {
    return grace <= milliseconds::zero() ? milliseconds::zero() : std::max(grace / kLooks, milliseconds{1});
  }

  /// Something waits that did not before.
  void begin() noexcept { *this = {}; }
  /// `taken`: bytes, from any beginning; it may go back where the kernel counts in its own units. `now`: of Clock.
  /// `rate.grace` is also for how long nothing may be taken.
  Verdict look(std::int64_t taken, nanoseconds now, const LeastRate& rate) noexcept;

 private:
  Pace pace_;
  std::int64_t taken_ = 0;
  nanoseconds moved_at_{-1};  ///< when it was last seen to take something; -1: nobody has looked
};

}  // namespace indrik::worker
