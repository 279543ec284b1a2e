#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace indrik {

/// Room for one who waits to be told, in his own memory. Zeroed before its first use, and before it is used again.
struct ParkRoom {
  alignas(16) std::byte bytes[176] = {};
};

/// Waiting for whoever it is: a fiber, a thread, or the loop's own thread. Nothing throws.
class Parking {
 public:
  enum class Place : std::uint8_t { loop, fiber, thread };
  enum class Outcome : std::uint8_t { unparked, timed_out, cancelled };

  /// Where the caller runs. Any thread.
  virtual Place place() const noexcept = 0;
  /// Waits for unpark() on this room, for `timeout` at most (max(): for ever). Any thread.
  virtual Outcome park(ParkRoom& room, nanoseconds timeout) noexcept = 0;
  /// Ends the wait, or the one that will begin; nothing when it has ended. Any thread. The room must be there.
  virtual void unpark(ParkRoom& room) noexcept = 0;

 protected:
  ~Parking() = default;
};

}  // namespace indrik
