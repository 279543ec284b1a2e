#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace indrik::process {

/// A route's name in shared memory: a hash of plugin and pattern, never 0. Async-signal-safe.
std::uint64_t route_key(std::string_view plugin, std::string_view pattern) noexcept;

/// Routes that are answered 503 for a while, in memory that all processes share. Written by the master alone, read by
/// the workers before each dispatch: one load as long as no route is closed.
class ClosedRoutes {
 public:
  static constexpr std::size_t kMost = 32;

  /// Closes the route until monotonic_ns() reaches `until_ns`, or for longer where it is closed already. False: the
  /// table is full.
  bool close(std::uint64_t key, std::int64_t until_ns) noexcept;
  void open(std::uint64_t key) noexcept;

  bool any() const noexcept { return count_.load(std::memory_order_acquire) != 0; }
  /// Until when; 0: it is not in the table. A time that has passed means open: the master clears late.
  std::int64_t closed_until(std::uint64_t key) const noexcept;

 private:
  struct Entry {
    std::atomic<std::uint64_t> key{0};  ///< 0: free
    std::atomic<std::int64_t> until_ns{0};
  };
  std::atomic<std::uint32_t> count_{0};
  std::array<Entry, kMost> entries_;
};

}  // namespace indrik::process
