#include <semaphore.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "fiber/address_wait.h"
#include "fiber/blocking_call.h"
#include "fiber/fiber.h"
#include "fiber/hook_families.h"
#include "fiber/real_call.h"
#include "fiber/waiting_time.h"

namespace indrik::fiber {
namespace {

// sem_trywait(3) does not wait, and sem_post(3) is hooked for the sake of fibers that do.
constexpr auto kHooked = std::to_array<std::string_view>({"sem_wait", "sem_timedwait", "sem_clockwait", "sem_post"});

constinit RealCall<decltype(::sem_wait)> real_wait{"sem_wait"};
constinit RealCall<decltype(::sem_timedwait)> real_timedwait{"sem_timedwait"};
constinit RealCall<decltype(::sem_clockwait)> real_clockwait{"sem_clockwait"};
constinit RealCall<decltype(::sem_post)> real_post{"sem_post"};

// Whoever posts one that other processes share may be none of ours: then the fiber looks for itself.
constexpr milliseconds kLookAgain{5};

/// Whether other processes may share it: what sem_init(3) was told, behind the value (glibc, struct new_sem).
bool is_shared(const sem_t& semaphore) noexcept {
  constexpr std::size_t kPlace = sizeof(void*) == 8 ? 8 : 4;
  int shared = 0;
  std::memcpy(&shared, semaphore.__size + kPlace, sizeof shared);
  return shared != 0;
}

/// Who was woken and does not take it must tell the next.
void pass_on(sem_t* semaphore) noexcept {
  int value = 0;
  if (anyone_waits() && ::sem_getvalue(semaphore, &value) == 0 && value > 0)
    wake_waiters(semaphore, static_cast<std::size_t>(value));
}

/// 0, or an error number.
int await(sem_t* semaphore, const WaitLimit& limit) noexcept {
  const auto look_again = is_shared(*semaphore) ? nanoseconds{kLookAgain} : kAsLongAsItTakes;
  while (true) {
    AddressWait wait{semaphore};  // before the look: a post after it is not missed
    if (::sem_trywait(semaphore) == 0) return 0;
    if (errno != EAGAIN) return errno;
    const auto left = limit.left();
    if (left == nanoseconds::zero()) return ETIMEDOUT;
    if (wait.wait(std::min(left, look_again)) == WaitEnd::cancelled) return ECANCELED;
  }
}

int wait_for_semaphore(sem_t* semaphore, const WaitLimit& limit) noexcept {
  if (::sem_trywait(semaphore) == 0) return 0;
  if (errno != EAGAIN) return -1;
  const int error = await(semaphore, limit);
  pass_on(semaphore);
  if (error == 0) return 0;
  errno = error;
  return -1;
}

bool is_for_libc(clockid_t clock, const timespec& until) noexcept {
  return (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || !is_valid_time(until);
}

}  // namespace

SymbolNames semaphore_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

int sem_wait(sem_t* semaphore) {
  if (!may_park()) return real_wait(semaphore);
  return wait_for_semaphore(semaphore, {});
}

int sem_timedwait(sem_t* semaphore, const timespec* until) {
  if (!may_park() || is_for_libc(CLOCK_REALTIME, *until)) return real_timedwait(semaphore, until);
  return wait_for_semaphore(semaphore, {CLOCK_REALTIME, until});
}

int sem_clockwait(sem_t* semaphore, clockid_t clock, const timespec* until) {
  if (!may_park() || is_for_libc(clock, *until)) return real_clockwait(semaphore, clock, until);
  return wait_for_semaphore(semaphore, {clock, until});
}

int sem_post(sem_t* semaphore) noexcept {
  const int result = real_post(semaphore);
#if !defined(__x86_64__) && !defined(__i386__)  // there the increment is a barrier itself
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
  if (anyone_waits()) wake_waiters(semaphore, 1);
  return result;
}

}  // extern "C"
