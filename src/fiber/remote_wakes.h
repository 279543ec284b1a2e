#pragma once

#include "base/fd.h"
#include "base/watches.h"
#include "fiber/address_wait.h"

namespace indrik::fiber {

/// How other threads reach the fibers of one loop: an eventfd that its loop watches, from the first need on until the
/// pool ends, and a list of those to be woken. When there is no descriptor left for it, fibers look by themselves.
class RemoteWakes {
 public:
  /// `watches` outlives it. Loop thread.
  explicit RemoteWakes(Watches& watches) noexcept;
  ~RemoteWakes();
  RemoteWakes(const RemoteWakes&) = delete;
  RemoteWakes& operator=(const RemoteWakes&) = delete;

  /// Whether others can wake: else waits must be short.
  bool works() const noexcept { return static_cast<bool>(event_); }
  bool on_this_thread() const noexcept;

 private:
  friend class AddressWait;
  friend std::size_t wake_waiters(const void* address, std::size_t at_most) noexcept;

  static void on_ready(void* self, short) noexcept;
  void watch() noexcept;
  void deliver(AddressWait& wait) noexcept;

  Watches& watches_;
  const void* const thread_;
  Fd event_;
  WatchRoom room_;
  WaitLine on_their_way_;  ///< under the lock of all waits
};

/// Those of the current fiber's loop, made when first asked for. Only inside a fiber.
RemoteWakes& remote_wakes() noexcept;

}  // namespace indrik::fiber
