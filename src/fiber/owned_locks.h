#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace indrik::fiber {

/// The locks of one fiber that ask for their owner: recursive and error-checking mutexes, once for each level, and
/// rwlocks taken for writing. Few, and mostly given back in the opposite order.
class OwnedLocks {
 public:
  OwnedLocks() = default;
  OwnedLocks(const OwnedLocks&) = delete;
  OwnedLocks& operator=(const OwnedLocks&) = delete;

  bool has(const void* lock) const noexcept { return find(lock) != kNone; }
  void add(const void* lock) noexcept;
  /// One level; nothing if there is none.
  void remove(const void* lock) noexcept;
  void clear() noexcept { locks_.clear(); }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t find(const void* lock) const noexcept;

  std::vector<const void*> locks_;
};

/// The current fiber's. Only inside a fiber.
OwnedLocks& owned_locks() noexcept;

/// gettid(2), looked up once a thread.
pid_t this_thread_id() noexcept;

}  // namespace indrik::fiber
