#include "fiber/owned_locks.h"

#include <unistd.h>

namespace indrik::fiber {

std::size_t OwnedLocks::find(const void* lock) const noexcept {
  for (std::size_t i = locks_.size(); i-- > 0;)
    if (locks_[i] == lock) return i;
  return kNone;
}

void OwnedLocks::add(const void* lock) noexcept { locks_.push_back(lock); }

void OwnedLocks::remove(const void* lock) noexcept {
  if (const auto place = find(lock); place != kNone) locks_.erase(locks_.begin() + static_cast<std::ptrdiff_t>(place));
}

namespace {
constinit thread_local pid_t t_id = 0;
}

[[gnu::noinline]] pid_t this_thread_id() noexcept {
  if (t_id == 0) t_id = ::gettid();
  return t_id;
}

}  // namespace indrik::fiber
