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

/// Stacks of one size, mapped when first needed and kept for the next fiber, last used first (its pages are warm).
/// Each takes two of the process's memory mappings (vm.max_map_count). Unmapped with the pool. One thread.
class StackPool {
 public:
  /// Rounded up to whole pages.
  explicit StackPool(std::size_t stack_size);
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  /// Fails with mmap's or mprotect's errno, ENOMEM mostly.
  Result<Stack> take();
  void give_back(Stack stack) { free_.push_back(stack); }

 private:
  std::size_t stack_size_;
  std::vector<Stack> free_;
};

}  // namespace indrik::fiber
