#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"

namespace indrik::fiber {

/// Bytes below a stack that fault: more than a page, for a handler with a large frame must not step over them.
inline constexpr std::size_t kGuardSize = 64 * 1024;

/// One stack: `size` usable bytes from `bottom` up, below them kGuardSize that fault.
struct Stack {
  std::byte* bottom = nullptr;
  std::size_t size = 0;
  std::byte* top() const noexcept { return bottom + size; }
};

/// How many stacks this process has room for, two of its memory mappings each: vm.max_map_count, less those that it has
/// and some that it may come to need. A number without a bound where the system does not say.
std::size_t room_for_stacks();

/// Stacks of one size. Each takes two of the process's memory mappings (vm.max_map_count). One thread.
class StackPool {
 public:
  /// Rounded up to whole pages; no more than `most` at once.
  StackPool(std::size_t stack_size, std::size_t most);
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  /// A new one. Fails with mmap's or mprotect's errno, ENOMEM mostly; with EAGAIN where there are as many as there may
  /// be. Nothing is left mapped then.
  Result<Stack> take();
  /// Unmaps it.
  void give_back(Stack stack) noexcept;

  std::size_t stack_size() const noexcept { return stack_size_; }
  std::size_t most() const noexcept { return most_; }

 private:
  std::size_t stack_size_;
  std::size_t most_;
  std::size_t mapped_ = 0;
};

/// The bytes of as many pages as it takes.
std::size_t whole_pages(std::size_t size) noexcept;
/// Bytes of the stack, from its top to the deepest page that is in memory; 0 where the system does not tell. One system
/// call.
std::size_t resident_depth(const Stack& stack) noexcept;
/// Gives back the memory of all pages but those of the topmost `kept` bytes.
void release_below(const Stack& stack, std::size_t kept) noexcept;

}  // namespace indrik::fiber
