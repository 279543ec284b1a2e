#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>

#include "fiber/blocking_call.h"
#include "fiber/hook_families.h"
#include "fiber/parking.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

// Locks of files are attempted until they are had: a thread that waited for one could not be called back, and the one
// who holds it may be another fiber of this worker. Without waiting the kernel looks for no deadlock: no EDEADLK.
constexpr auto kHooked = std::to_array<std::string_view>({"flock", "fcntl", "fcntl64", "lockf", "lockf64"});

constinit RealCall<decltype(::flock)> real_flock{"flock"};
constinit RealCall<int(int, int, ...)> real_fcntl{"fcntl"};
constinit RealCall<int(int, int, off_t)> real_lockf{"lockf"};

template <class Attempt>
int lock(Attempt attempt) noexcept {
  const int saved_errno = errno;
  Backoff backoff{milliseconds{16}};
  while (true) {
    if (const int result = attempt(); result == 0) {
      errno = saved_errno;
      return 0;
    }
    if (errno != EAGAIN && errno != EACCES) return -1;  // EACCES: fcntl(2), another name of EAGAIN
    if (Parking{}.wait(backoff.next()) == WaitEnd::cancelled) {
      errno = ECANCELED;
      return -1;
    }
  }
}

}  // namespace

SymbolNames file_locks_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

int flock(int file, int operation) noexcept {
  const bool waits = (operation & LOCK_NB) == 0 && (operation & (LOCK_SH | LOCK_EX)) != 0;
  if (!waits || !may_park()) return real_flock(file, operation);
  return lock([=] { return real_flock(file, operation | LOCK_NB); });
}

int fcntl(int file, int command, ...) {
  std::va_list arguments;
  va_start(arguments, command);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  const bool waits = command == F_SETLKW || command == F_OFD_SETLKW;
  if (!waits || !may_park()) return real_fcntl(file, command, argument);
  const int attempt = command == F_SETLKW ? F_SETLK : F_OFD_SETLK;
  return lock([=] { return real_fcntl(file, attempt, argument); });
}
int fcntl64(int, int, ...) __attribute__((alias("fcntl")));

int lockf(int file, int command, off_t size) {
  if (command != F_LOCK || !may_park()) return real_lockf(file, command, size);
  return lock([=] { return real_lockf(file, F_TLOCK, size); });
}
int lockf64(int, int, off_t) __attribute__((alias("lockf")));

}  // extern "C"
