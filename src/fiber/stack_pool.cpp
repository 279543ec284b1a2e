#include "fiber/stack_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <limits>
#include <string>

namespace indrik::fiber {
namespace {

std::size_t page_size() noexcept {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

std::size_t room_for_stacks() {
  constexpr std::size_t kSpare = 2048;  // mappings: heaps, threads, files, libraries that are loaded later
  std::size_t most = 0;
  if (!(std::ifstream{"/proc/sys/vm/max_map_count"} >> most)) return std::numeric_limits<std::size_t>::max();
  std::ifstream maps{"/proc/self/maps"};
  std::size_t used = kSpare;
  for (std::string line; std::getline(maps, line);) ++used;
  return (most - std::min(most, used)) / 2;
}

StackPool::StackPool(std::size_t stack_size, std::size_t most) : stack_size_{whole_pages(stack_size)}, most_{most} {}

Result<Stack> StackPool::take() {
  if (mapped_ >= most_)
    return fail(Error::from_errno(EAGAIN, "no more than {} fibers at once (vm.max_map_count)", most_));
  void* const mapping = ::mmap(nullptr, stack_size_ + kGuardSize, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapping == MAP_FAILED) return fail(Error::from_errno(errno, "map a fiber's stack of {} bytes", stack_size_));
  if (::mprotect(mapping, kGuardSize, PROT_NONE) != 0) {
    const int code = errno;
    ::munmap(mapping, stack_size_ + kGuardSize);
    return fail(Error::from_errno(code, "protect the guard pages of a fiber's stack"));
  }
  ++mapped_;
  return Stack{static_cast<std::byte*>(mapping) + kGuardSize, stack_size_};
}

void StackPool::give_back(Stack stack) noexcept {
  ::munmap(stack.bottom - kGuardSize, stack.size + kGuardSize);
  --mapped_;
}

std::size_t whole_pages(std::size_t size) noexcept { return (size + page_size() - 1) / page_size() * page_size(); }

std::size_t resident_depth(const Stack& stack) noexcept {
  constexpr std::size_t kAtOnce = 256;  // pages: a MiB
  unsigned char pages[kAtOnce];
  for (std::byte* at = stack.bottom; at < stack.top();) {
    const auto size = std::min<std::size_t>(static_cast<std::size_t>(stack.top() - at), kAtOnce * page_size());
    if (::mincore(at, size, pages) != 0) return 0;
    const auto count = size / page_size();
    const auto* const first = std::find_if(pages, pages + count, [](auto page) { return (page & 1U) != 0; });
    if (first != pages + count)
      return static_cast<std::size_t>(stack.top() - at) - static_cast<std::size_t>(first - pages) * page_size();
    at += size;
  }
  return 0;
}

void release_below(const Stack& stack, std::size_t kept) noexcept {
  const auto kept_pages = whole_pages(kept);
  if (stack.size > kept_pages) ::madvise(stack.bottom, stack.size - kept_pages, MADV_DONTNEED);
}

}  // namespace indrik::fiber
