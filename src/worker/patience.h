#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/timers.h"

namespace indrik::worker {

/// A time limit that begins anew with every message: that costs a look at the clock, not a timer, which runs down once
/// a period at most. Loop thread only.
class Patience {
 public:
  /// `over(context)`: a wait has lasted for as long as the limit, never before.
  Patience(Timers& timers, void (*over)(void* context) noexcept, void* context) noexcept
      : timers_{timers}, over_{over}, context_{context} {}
  ~Patience() { timers_.cancel(room_); }
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

  /// 0: none. Holds from the next begin() on.
  void set_limit(nanoseconds limit) noexcept { limit_ns_ = limit.count(); }
  nanoseconds limit() const noexcept { return nanoseconds{limit_ns_}; }

  /// Waits from now on.
  void begin() noexcept {
    if (limit_ns_ <= 0) return;
    due_ns_ = coarse_monotonic_ns() + limit_ns_;
    if (due_ns_ < fires_ns_) start(limit_ns_);
  }
  /// No longer waits.
  void end() noexcept { due_ns_ = 0; }

 private:
  static constexpr std::int64_t kNever = INT64_MAX;

  void start(std::int64_t after_ns) noexcept {
    if (fires_ns_ != kNever) timers_.cancel(room_);
    fires_ns_ = due_ns_;
    timers_.start(
        room_, nanoseconds{after_ns}, [](void* self) noexcept { static_cast<Patience*>(self)->on_fired(); }, this);
  }
  void on_fired() noexcept {
    fires_ns_ = kNever;
    if (due_ns_ == 0) return;
    if (const auto left = due_ns_ - coarse_monotonic_ns(); left > 0) return start(left);
    due_ns_ = 0;
    over_(context_);
  }

  Timers& timers_;
  void (*over_)(void* context) noexcept;
  void* context_;
  TimerRoom room_;
  std::int64_t limit_ns_ = 0;
  std::int64_t due_ns_ = 0;         ///< 0: does not wait
  std::int64_t fires_ns_ = kNever;  ///< when the timer does; kNever: it does not run
};

}  // namespace indrik::worker
