#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "fiber/parking.h"

namespace indrik::fiber {

class AddressWait;
class RemoteWakes;

struct WaitLine {
  AddressWait* first = nullptr;
  AddressWait* last = nullptr;
};

namespace detail {
/// Fibers of the whole process that wait for an address. Read by every thread that might wake one.
extern constinit std::atomic<std::uint32_t> address_waits;
}  // namespace detail

/// One wait of the current fiber for wake_waiters() of an address: of a condition variable, a semaphore, a futex. Any
/// thread may call that, since who waits does so as a fiber and who wakes may be none. Lives on the fiber's stack and
/// counts from its construction on: what is checked after that, and before wait(), cannot be missed.
class AddressWait {
 public:
  /// Inside a fiber.
  explicit AddressWait(const void* address) noexcept;
  ~AddressWait();
  AddressWait(const AddressWait&) = delete;
  AddressWait& operator=(const AddressWait&) = delete;

  /// Parks until it is woken, for `at_most`; see Parking::wait(). One that was woken is over.
  WaitEnd wait(nanoseconds at_most) noexcept;

 private:
  friend class RemoteWakes;
  friend std::size_t wake_waiters(const void* address, std::size_t at_most) noexcept;
  enum class State : std::uint8_t { waiting, on_its_way, woken };

  /// Whether it was woken.
  bool leave_line() noexcept;
  void append_to(WaitLine& line) noexcept;
  void unlink(WaitLine& line) noexcept;
  void go_to(WaitLine& woken) noexcept;
  static void wake_all(const WaitLine& woken) noexcept;

  const void* const address_;
  RemoteWakes& wakes_;
  Parking parking_;
  State state_ = State::waiting;  ///< under the lock of all waits, as the links are
  AddressWait* before_ = nullptr;
  AddressWait* next_ = nullptr;
};

/// Whether any fiber of the process waits for an address: before anything else, because it costs next to nothing.
inline bool anyone_waits() noexcept { return detail::address_waits.load(std::memory_order_relaxed) != 0; }

/// Wakes up to `at_most` fibers that wait for the address, those that have waited longest, and says how many those
/// were. Any thread. Not to be called by a signal handler that may have interrupted it.
std::size_t wake_waiters(const void* address, std::size_t at_most) noexcept;

}  // namespace indrik::fiber
