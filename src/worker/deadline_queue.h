#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "worker/loop.h"

namespace indrik::worker {

class DeadlineQueue;

/// One wait that must end in time; a member of whoever waits, in at most one queue at a time.
class Deadline {
 public:
  Deadline() = default;
  ~Deadline() { clear(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  /// No longer waits. Nothing if it does not.
  void clear() noexcept;
  const DeadlineQueue* queue() const noexcept { return queue_; }
  /// When the wait it was last entered for ends, by Clock: nanoseconds. 0: it was never entered.
  std::int64_t due_ns() const noexcept { return due_ns_; }

 private:
  friend class DeadlineQueue;
  DeadlineQueue* queue_ = nullptr;
  Deadline* previous_ = nullptr;
  Deadline* next_ = nullptr;
  std::int64_t due_ns_ = 0;
};

/// All waits of one kind. They are equally long, so the order of arrival is the order of expiry, and entering or
/// leaving costs a few pointers; one timer stands for the first. Measured by a steady clock of a few milliseconds'
/// resolution (CLOCK_MONOTONIC_COARSE), which no step of the wall clock and no long turn of the loop falsifies. What
/// has come in the same turn is read before anything expires. Loop thread only.
class DeadlineQueue {
 public:
  using Expired = std::function<void(Deadline& deadline, const DeadlineQueue& queue)>;

  /// `duration` 0: never. `expired` is called with the deadline taken out of the queue; it may change any queue.
  DeadlineQueue(const Loop& loop, milliseconds duration, Expired expired);
  ~DeadlineQueue();
  DeadlineQueue(const DeadlineQueue&) = delete;
  DeadlineQueue& operator=(const DeadlineQueue&) = delete;

  /// Waits here from now on, and no longer where it was.
  void enter(Deadline& deadline) noexcept;
  /// From now on waits are that long; those under way begin anew.
  void set_duration(milliseconds duration) noexcept;

 private:
  friend class Deadline;
  void append(Deadline& deadline) noexcept;
  void unlink(Deadline& deadline) noexcept;
  void on_timer(ev::timer&, int) noexcept;
  void arm(std::int64_t after_ns) noexcept;

  std::int64_t duration_ns_;
  Expired expired_;
  ev::timer timer_;
  Deadline* first_ = nullptr;
  Deadline* last_ = nullptr;
};

}  // namespace indrik::worker
