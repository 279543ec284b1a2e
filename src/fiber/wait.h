#pragma once

#include <poll.h>

#include <cstdint>
#include <span>

#include "base/clock.h"

namespace indrik::fiber {

/// How a wait for descriptors ended.
enum class Outcome : std::uint8_t {
  ready,      ///< one of the events, an error or a hang-up holds, or did: the next call on the descriptor says which
  timed_out,  ///< the time is over
  cancelled,  ///< the fiber's task is: what waits fails with ECANCELED
  closed,     ///< the descriptor is about to be closed by others on this thread; its number must not be used again
};

/// As a timeout: as long as it takes.
inline constexpr nanoseconds kForever{-1};

/// Parks the current fiber until one of `events` (POLLIN, POLLOUT; poll(2)), an error or a hang-up holds on an open
/// descriptor, or until `timeout` is over. Any number of fibers may wait for one descriptor; all are woken. A cancelled
/// task waits for no longer than kCancelledSleep, and then is told so. Allocates nothing. Only inside a fiber.
Outcome wait_for(int descriptor, short events, nanoseconds timeout) noexcept;

/// The same for many: until one is ready. Takes any event of poll(2); descriptors below 0 are passed over, all others
/// are open. `revents` are set for Outcome::closed only: POLLNVAL where the descriptor is about to be closed, else 0.
/// With none it is a sleep.
Outcome wait_for_any(std::span<pollfd> descriptors, nanoseconds timeout) noexcept;

/// Ends the waits of this thread's fibers for descriptors from `first` to `last`, which are about to be closed: they go
/// on when the loop is back. On any thread; where no fiber waits it costs a look.
void wake_before_close(int descriptor) noexcept;
void wake_before_close(unsigned first, unsigned last) noexcept;

/// Whether a fiber of this thread waits for it, or for one that is like it in the eyes of a quick look.
bool may_have_waiters(int descriptor) noexcept;

}  // namespace indrik::fiber
