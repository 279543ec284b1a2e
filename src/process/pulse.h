#pragma once

#include <atomic>
#include <cstdint>

namespace indrik::process {

/// Says to whoever watches a thread whether it is inside a handler, and whether it still is the same stay: no clock, no
/// system call, a store each way. Written by that thread alone; read by one watcher.
class Pulse {
 public:
  /// A handler gets the thread. Nested calls count as another stay.
  void enter() noexcept {
    set((turn() + 1) | 1);
    if (watcher_.load(std::memory_order_relaxed) == kAsleep) wake();
  }
  /// The thread is the loop's again; nothing when it was already.
  void leave() noexcept { set((turn() | 1) + 1); }

  std::uint32_t turn() const noexcept { return turn_.load(std::memory_order_relaxed); }
  static bool is_inside(std::uint32_t turn) noexcept { return (turn & 1) != 0; }

  /// The watcher's: waits until the thread enters a handler, should `seen` still be the turn, or stop() is called.
  void sleep(std::uint32_t seen) noexcept;
  /// The same for `nanoseconds`, whatever the thread does.
  void pause(std::int64_t nanoseconds) noexcept;
  bool is_stopped() const noexcept { return watcher_.load(std::memory_order_acquire) == kStopped; }
  /// Ends the watcher's waits, for good. Any thread.
  void stop() noexcept;

 private:
  static constexpr std::uint32_t kAwake = 0;
  static constexpr std::uint32_t kAsleep = 1;
  static constexpr std::uint32_t kStopped = 2;

  void set(std::uint32_t turn) noexcept { turn_.store(turn, std::memory_order_relaxed); }
  void wake() noexcept;

  std::atomic<std::uint32_t> turn_{0};  ///< odd: inside; wraps around
  std::atomic<std::uint32_t> watcher_{kAwake};
};

}  // namespace indrik::process
