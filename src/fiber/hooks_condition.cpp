#include <pthread.h>

#include <array>
#include <cerrno>
#include <limits>

#include "fiber/address_wait.h"
#include "fiber/blocking_call.h"
#include "fiber/condition_calls.h"
#include "fiber/fiber.h"
#include "fiber/hook_families.h"
#include "fiber/mutex_calls.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

constexpr auto kHooked =
    std::to_array<std::string_view>({"pthread_cond_wait", "pthread_cond_timedwait", "pthread_cond_clockwait",
                                     "pthread_cond_signal", "pthread_cond_broadcast"});

constinit RealCall<decltype(::pthread_cond_wait)> real_wait{"pthread_cond_wait"};
constinit RealCall<decltype(::pthread_cond_timedwait)> real_timedwait{"pthread_cond_timedwait"};
constinit RealCall<decltype(::pthread_cond_clockwait)> real_clockwait{"pthread_cond_clockwait"};
constinit RealCall<decltype(::pthread_cond_signal)> real_signal{"pthread_cond_signal"};
constinit RealCall<decltype(::pthread_cond_broadcast)> real_broadcast{"pthread_cond_broadcast"};

// What pthread_condattr_t had: the lowest bits of __wrefs, in the static initialiser too (glibc,
// nptl/pthread_cond_wait.c).
constexpr unsigned kShared = 1;
constexpr unsigned kMonotonic = 2;

unsigned attributes_of(pthread_cond_t* condition) noexcept {
  return __atomic_load_n(&condition->__data.__wrefs, __ATOMIC_RELAXED);
}

// Whoever signals one that other processes share may be none of ours. Then the fiber looks for itself, that is, it is
// woken without a reason, as POSIX allows.
constexpr milliseconds kLookAgain{5};

}  // namespace

clockid_t clock_of(pthread_cond_t* condition) noexcept {
  return (attributes_of(condition) & kMonotonic) != 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

int wait_for_condition(pthread_cond_t* condition, pthread_mutex_t* mutex, const WaitLimit& limit) noexcept {
  auto end = WaitEnd::woken;
  {
    AddressWait wait{condition};  // before the mutex is free: no signal after that is missed
    if (const int result = unlock_mutex(mutex); result != 0) return result;
    const auto left = limit.left();
    const bool shared = (attributes_of(condition) & kShared) != 0;
    end = wait.wait(shared && left > kLookAgain ? kLookAgain : left);
    if (shared && left > kLookAgain) end = WaitEnd::woken;
  }
  const int locked = lock_mutex(mutex);
  if (locked != 0) return locked;
  return end == WaitEnd::timed_out ? ETIMEDOUT : 0;
}

int signal_condition(pthread_cond_t* condition) noexcept {
  if (anyone_waits() && wake_waiters(condition, 1) != 0) return 0;
  return real_signal(condition);
}

int broadcast_condition(pthread_cond_t* condition) noexcept {
  if (anyone_waits()) wake_waiters(condition, std::numeric_limits<std::size_t>::max());
  return real_broadcast(condition);
}

SymbolNames condition_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  if (!may_park()) return real_wait(condition, mutex);
  return wait_for_condition(condition, mutex, {});
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* until) {
  if (!may_park() || !is_valid_time(*until)) return real_timedwait(condition, mutex, until);
  return wait_for_condition(condition, mutex, {clock_of(condition), until});
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  const bool known = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
  if (!may_park() || !known || !is_valid_time(*until)) return real_clockwait(condition, mutex, clock, until);
  return wait_for_condition(condition, mutex, {clock, until});
}

int pthread_cond_signal(pthread_cond_t* condition) noexcept { return signal_condition(condition); }

int pthread_cond_broadcast(pthread_cond_t* condition) noexcept { return broadcast_condition(condition); }

}  // extern "C"
