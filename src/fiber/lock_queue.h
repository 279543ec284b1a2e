#pragma once

#include <array>
#include <cstddef>

#include "fiber/parking.h"
#include "fiber/waiting_time.h"

namespace indrik::fiber {

/// One attempt at a lock that does not wait.
struct LockAttempt {
  const void* lock;
  bool shared = false;  ///< others may hold it beside us
  /// 0: taken. EBUSY: try again. Else the call's result.
  int (*take)(void* lock) noexcept;
  /// Whether it is a fiber of this thread that has it, who will say when it gives it back.
  bool (*fiber_has_it)(const void* lock) noexcept;
};

/// Who waits for which lock, of the fibers of one thread: each lock's fibers in the order they came. Nothing is kept
/// for a lock that nobody waits for. Loop thread only.
///
/// A lock that is given back is not handed over, but is the first one's to take: no fiber passes those that wait, while
/// a thread may. A lock that a thread has is tried for again, at first in every turn of the loop, then every
/// millisecond and more rarely: whoever holds it knows nothing of fibers.
class LockQueue {
 public:
  constexpr LockQueue() = default;
  LockQueue(const LockQueue&) = delete;
  LockQueue& operator=(const LockQueue&) = delete;

  bool empty() const noexcept { return waiting_ == 0; }
  /// Whether some fiber waits for it; with `exclusively`, whether one does that wants it for itself.
  bool has(const void* lock, bool exclusively = false) const noexcept;
  /// Waits for its turn, tries until it is not EBUSY, and returns that; ETIMEDOUT when the limit is over, or when there
  /// is one and the fiber's task is cancelled. A wait without a limit cannot fail: it goes on in a cancelled task.
  int wait(const LockAttempt& attempt, const WaitLimit& limit) noexcept;
  /// A fiber gave the lock back: the first that waits for it tries.
  void given_back(const void* lock) noexcept;

 private:
  struct Entry {
    const LockAttempt& attempt;
    Entry* before = nullptr;
    Entry* next = nullptr;
    Parking parking;
  };
  struct Bucket {
    Entry* first = nullptr;
    Entry* last = nullptr;
  };
  static constexpr std::size_t kBuckets = 64;

  Bucket& bucket(const void* lock) noexcept;
  Entry* first(const void* lock) const noexcept;
  void append(Entry& entry) noexcept;
  void remove(Entry& entry) noexcept;
  int wait_in_line(Entry& entry, const WaitLimit& limit) noexcept;

  std::array<Bucket, kBuckets> buckets_{};
  std::size_t waiting_ = 0;
};

/// The queue of the thread of the fiber that calls this.
LockQueue& lock_queue() noexcept;

}  // namespace indrik::fiber
