#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace indrik::worker {

/// Timers by the tick in which they are due, however many and however long: starting and cancelling one touches it and
/// its neighbours. A hierarchical timing wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", SOSP
/// 1987): what is due in the next kNear ticks has a slot for each tick, what is due later one for ever longer spans,
/// from which it moves down when its time draws near. Knows no clock: ticks are what its owner counts. One thread.
class TimerWheel {
 public:
  using Tick = std::int64_t;
  static constexpr Tick kNever = std::numeric_limits<Tick>::max();

  /// In the memory of whoever waits; it must neither move nor go while it runs. Zeroed, it does not.
  struct Timer {
    Timer* next;
    Timer* previous;
    Tick due;
    bool runs() const noexcept { return next != nullptr; }
  };

  /// Nothing is due up to `now`.
  explicit TimerWheel(Tick now) noexcept;
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// It must not run. Of ticks that have passed it is the next.
  void start(Timer& timer, Tick due) noexcept;
  /// Nothing if it does not run.
  void cancel(Timer& timer) noexcept;

  std::size_t size() const noexcept { return size_; }
  /// When pop() is to be called next, at the latest: nothing is due before. kNever: nothing runs.
  Tick next() const noexcept;
  /// One that is due at `now` or before, which does not run any more; null: there is none left. By their ticks, and
  /// within one in the order in which they were started, more or less. `now` never goes back.
  Timer* pop(Tick now) noexcept;

 private:
  static constexpr int kNearBits = 10;
  static constexpr int kFarBits = 8;
  static constexpr std::size_t kNear = std::size_t{1} << kNearBits;
  static constexpr std::size_t kFar = std::size_t{1} << kFarBits;
  static constexpr std::size_t kFarWheels = 3;
  static constexpr std::size_t kSlots = kNear + kFarWheels * kFar;
  /// Who is due still later is looked at again then.
  static constexpr Tick kReach = (Tick{1} << (kNearBits + kFarBits * static_cast<int>(kFarWheels))) - 1;

  static std::size_t near_slot(Tick tick) noexcept { return static_cast<std::size_t>(tick) % kNear; }
  std::size_t slot_of(Tick due) const noexcept;
  void insert(Timer& timer) noexcept;
  void unlink(Timer& timer) noexcept;
  bool is_used(std::size_t slot) const noexcept { return (used_[slot / 64] >> (slot % 64) & 1) != 0; }
  std::size_t distance(std::size_t wheel, std::size_t slots, std::size_t from) const noexcept;
  void move_to(Tick tick) noexcept;
  void bring_nearer(std::size_t slot) noexcept;

  Tick now_;
  std::size_t size_ = 0;
  std::array<Timer, kSlots> slots_;  ///< the ends of rings: first kNear of a tick each, then kFar of each longer span
  std::array<std::uint64_t, kSlots / 64> used_{};  ///< a bit a slot
};

}  // namespace indrik::worker
