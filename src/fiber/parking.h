#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/timers.h"

namespace indrik::fiber {

class Fiber;

/// How a wait ended.
enum class WaitEnd : std::uint8_t { woken, timed_out, cancelled };

/// As a time to wait: as long as it takes.
inline constexpr nanoseconds kAsLongAsItTakes = nanoseconds::max();

/// One wait of the current fiber for what another fiber, or the loop, tells it. Lives on the fiber's stack. A call to
/// wake() is kept until it is waited for. Loop thread only; allocates nothing.
class Parking {
 public:
  /// Inside a fiber.
  Parking() noexcept;
  Parking(const Parking&) = delete;
  Parking& operator=(const Parking&) = delete;

  /// Parks until wake(), or for `at_most`. Cancelling the fiber's task ends it too; of a task that is cancelled already
  /// it takes kCancelledSleep at most, so that a loop of waits does not take the thread for itself.
  WaitEnd wait(nanoseconds at_most) noexcept;
  /// The same, but that the fiber's task is cancelled changes nothing: for waits that cannot fail.
  WaitEnd wait_through(nanoseconds at_most) noexcept;

  /// The wait ends in a later turn of the loop.
  void wake() noexcept { wake_in(nanoseconds::zero()); }
  /// The wait ends after `delay`, unless it already has an end that is set.
  void wake_in(nanoseconds delay) noexcept;

 private:
  static void ring(void* parking) noexcept;
  static void forget(void* parking) noexcept;
  void start(nanoseconds delay) noexcept;
  WaitEnd outcome() noexcept;

  Fiber& fiber_;
  Timers& timers_;
  TimerRoom room_;
  bool parked_ = false;
  bool timed_ = false;
  bool woken_ = false;
};

/// Lets the loop, and with it other fibers, take a turn. Only inside a fiber.
void yield_turn() noexcept;

/// Waits between attempts at something that nobody tells of: some turns of the loop, then a millisecond, and ever
/// longer, up to `longest`.
class Backoff {
 public:
  explicit constexpr Backoff(nanoseconds longest) noexcept : longest_{longest} {}
  nanoseconds next() noexcept;

 private:
  nanoseconds longest_;
  unsigned attempts_ = 0;
};

}  // namespace indrik::fiber
