#include "fiber/lock_queue.h"

#include <cerrno>
#include <cstdint>

namespace indrik::fiber {
namespace {

// How often the first in line looks when it counts on being told: who gives a lock back may be no fiber after all (a
// thread that unlocks another's mutex, the loop itself).
constexpr milliseconds kLookAgain{10};

constinit thread_local LockQueue t_queue;

std::size_t spread(const void* lock) noexcept {
  return static_cast<std::size_t>((reinterpret_cast<std::uintptr_t>(lock) >> 4) * 0x9E37'79B9'7F4A'7C15ULL >> 32);
}

}  // namespace

// Not inlined: see current().
[[gnu::noinline]] LockQueue& lock_queue() noexcept { return t_queue; }

LockQueue::Bucket& LockQueue::bucket(const void* lock) noexcept { return buckets_[spread(lock) % kBuckets]; }

LockQueue::Entry* LockQueue::first(const void* lock) const noexcept {
  Entry* entry = buckets_[spread(lock) % kBuckets].first;
  while (entry != nullptr && entry->attempt.lock != lock) entry = entry->next;
  return entry;
}

bool LockQueue::has(const void* lock, bool exclusively) const noexcept {
  if (waiting_ == 0) return false;
  for (auto* entry = first(lock); entry != nullptr; entry = entry->next)
    if (entry->attempt.lock == lock && !(exclusively && entry->attempt.shared)) return true;
  return false;
}

void LockQueue::append(Entry& entry) noexcept {
  auto& [first, last] = bucket(entry.attempt.lock);
  entry.before = last;
  (last != nullptr ? last->next : first) = &entry;
  last = &entry;
  ++waiting_;
}

void LockQueue::remove(Entry& entry) noexcept {
  auto& [first, last] = bucket(entry.attempt.lock);
  (entry.before != nullptr ? entry.before->next : first) = entry.next;
  (entry.next != nullptr ? entry.next->before : last) = entry.before;
  --waiting_;
}

int LockQueue::wait(const LockAttempt& attempt, const WaitLimit& limit) noexcept {
  Entry entry{attempt};
  append(entry);
  const int result = wait_in_line(entry, limit);
  remove(entry);
  if (Entry* const next = first(attempt.lock)) {
    // Where we have the lock for ourselves the next one is told by us; it is first now, and looks from time to time.
    if (result == 0 && !attempt.shared)
      next->parking.wake_in(kLookAgain);
    else
      next->parking.wake();
  }
  return result;
}

int LockQueue::wait_in_line(Entry& entry, const WaitLimit& limit) noexcept {
  Backoff backoff{milliseconds{4}};
  while (true) {
    auto pause = kAsLongAsItTakes;
    if (first(entry.attempt.lock) == &entry) {
      auto* const lock = const_cast<void*>(entry.attempt.lock);
      if (const int result = entry.attempt.take(lock); result != EBUSY) return result;
      pause = entry.attempt.fiber_has_it(lock) ? kLookAgain : backoff.next();
    }
    if (!limit.is_set()) {
      entry.parking.wait_through(pause);
      continue;
    }
    const auto left = limit.left();
    if (left == nanoseconds::zero() || entry.parking.wait(std::min(pause, left)) == WaitEnd::cancelled)
      return ETIMEDOUT;
  }
}

void LockQueue::given_back(const void* lock) noexcept {
  if (waiting_ == 0) return;
  if (Entry* const entry = first(lock)) entry->parking.wake();
}

}  // namespace indrik::fiber
