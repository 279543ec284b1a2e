#include "fork_fault.h"

#include <dlfcn.h>
#include <sys/types.h>

#include <cerrno>

namespace {
std::atomic<int>* failures_left = nullptr;
}

/// Stands before libc's in this program.
extern "C" pid_t fork() noexcept {
  if (failures_left != nullptr && failures_left->load() > 0) {
    failures_left->fetch_sub(1);
    errno = EAGAIN;
    return -1;
  }
  static const auto real = reinterpret_cast<pid_t (*)()>(::dlsym(RTLD_NEXT, "fork"));
  return real();
}

namespace indrik::supervisor::test {

void fail_forks(std::atomic<int>* left) { failures_left = left; }

}  // namespace indrik::supervisor::test
