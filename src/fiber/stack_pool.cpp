#include "fiber/stack_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace indrik::fiber {

StackPool::StackPool(std::size_t stack_size) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  stack_size_ = (stack_size + page - 1) / page * page;
}

StackPool::~StackPool() {
  for (const auto& stack : free_) ::munmap(stack.bottom - kGuardSize, stack.size + kGuardSize);
}

Result<Stack> StackPool::take() {
  if (!free_.empty()) {
    const Stack stack = free_.back();
    free_.pop_back();
    return stack;
  }
  void* const mapping = ::mmap(nullptr, stack_size_ + kGuardSize, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapping == MAP_FAILED) return fail(Error::from_errno(errno, "map a fiber's stack of {} bytes", stack_size_));
  if (::mprotect(mapping, kGuardSize, PROT_NONE) != 0) {
    const int code = errno;
    ::munmap(mapping, stack_size_ + kGuardSize);
    return fail(Error::from_errno(code, "protect the guard pages of a fiber's stack"));
  }
  return Stack{static_cast<std::byte*>(mapping) + kGuardSize, stack_size_};
}

}  // namespace indrik::fiber
