#pragma once

#include <cstddef>
#include <cstdint>

#include "fiber/stack_pool.h"

namespace indrik::fiber {

/// Keeps an eye on how much memory one stack has come to hold, for next to nothing: a mark at the end of what it may
/// keep, the depth at which it parks, and now and then a look by system call, because large buffers are stepped over
/// without being written.
class StackMeter {
 public:
  /// What every stack keeps between two tasks, from its top.
  static constexpr std::size_t kKept = 8 * 1024;
  /// What it is expected to need at first: the mark is there, so that who needs no more touches no second page.
  static constexpr std::size_t kShallow = 4 * 1024;
  /// Tasks between two looks.
  static constexpr std::uint32_t kLookEvery = 64;

  void begin(const Stack& stack) noexcept;
  /// The fiber is about to park; on its stack.
  void note_here() noexcept {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    if (here < lowest_) lowest_ = here;
  }
  /// A task has ended. True: the stack was looked at, depth() is new, and keep() or trim() comes next.
  bool end_task(const Stack& stack) noexcept;
  /// That look was one of those now and then: what the stack was found to hold may be what one task used long ago.
  bool is_regular() const noexcept { return tasks_ > 1 && tasks_ % kLookEvery == 1; }
  /// Bytes that the stack was found to hold when it was looked at last.
  std::size_t depth() const noexcept { return depth_; }
  /// Of them, how many are more than every stack keeps.
  std::size_t beyond() const noexcept { return depth_ > kKept ? depth_ - kKept : 0; }
  /// Lets it hold as much as it was found to: it is looked at when it comes to hold more.
  void keep(const Stack& stack) noexcept;
  /// Gives back all but kKept.
  void trim(const Stack& stack) noexcept;

 private:
  std::size_t depth_ = 0;
  std::size_t kept_ = kShallow;  ///< that it may hold; the mark is at its end
  std::uintptr_t lowest_ = 0;
  std::uint32_t tasks_ = 0;
};

}  // namespace indrik::fiber
