#pragma once

#include <cstddef>

#include "base/clock.h"

namespace indrik {

/// Room for one timer, in the memory of whoever waits, so that starting one allocates nothing.
/// Zeroed before its first use. Must neither move nor die while its timer runs.
struct TimerRoom {
  alignas(16) std::byte bytes[64] = {};
};

/// One-shot timers on a worker's loop. Loop thread only; nothing throws.
class Timers {
 public:
  /// Calls fired(context) once, on the loop's thread, after `delay` (never before it, never from inside start()).
  virtual void start(TimerRoom& room, nanoseconds delay, void (*fired)(void* context) noexcept,
                     void* context) noexcept = 0;
  /// Forgets a running timer; nothing if it does not run.
  virtual void cancel(TimerRoom& room) noexcept = 0;

 protected:
  ~Timers() = default;
};

}  // namespace indrik
