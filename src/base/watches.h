#pragma once

#include <cstddef>

namespace indrik {

/// Room for one watch, in the memory of whoever waits, so that starting one allocates nothing.
/// Zeroed before its first use. Must neither move nor die while its watch runs.
struct WatchRoom {
  alignas(16) std::byte bytes[96] = {};
};

/// One-shot watches for what descriptors are ready for, on a worker's loop. Loop thread only; nothing throws.
class Watches {
 public:
  /// Calls ready(context, what) once, on the loop's thread, when one of `events` (POLLIN, POLLOUT, poll(2)) holds, or
  /// an error or hang-up does; never from inside start(). `what` is those of `events` that hold, all of them for an
  /// error: the next call on the descriptor says which. A descriptor that cannot be waited for (a regular file) is
  /// ready at once. It must be open, and be cancelled before it is closed.
  virtual void start(WatchRoom& room, int descriptor, short events, void (*ready)(void* context, short what) noexcept,
                     void* context) noexcept = 0;
  /// Forgets a running watch; nothing if it does not run.
  virtual void cancel(WatchRoom& room) noexcept = 0;

 protected:
  ~Watches() = default;
};

}  // namespace indrik
