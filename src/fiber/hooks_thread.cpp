#include <pthread.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>

#include "fiber/address_wait.h"
#include "fiber/blocking_call.h"
#include "fiber/fiber.h"
#include "fiber/hook_families.h"
#include "fiber/parking.h"
#include "fiber/real_call.h"
#include "fiber/thread_calls.h"

namespace indrik::fiber {
namespace {

constexpr auto kHooked =
    std::to_array<std::string_view>({"pthread_join", "pthread_timedjoin_np", "pthread_clockjoin_np",
                                     "pthread_barrier_wait", "pthread_spin_lock", "sched_yield"});

constinit RealCall<decltype(::pthread_join)> real_join{"pthread_join"};
constinit RealCall<decltype(::pthread_timedjoin_np)> real_timedjoin{"pthread_timedjoin_np"};
constinit RealCall<decltype(::pthread_clockjoin_np)> real_clockjoin{"pthread_clockjoin_np"};
constinit RealCall<decltype(::pthread_barrier_wait)> real_barrier_wait{"pthread_barrier_wait"};
constinit RealCall<decltype(::pthread_spin_lock)> real_spin_lock{"pthread_spin_lock"};
constinit RealCall<decltype(::sched_yield)> real_yield{"sched_yield"};

/// A barrier is for threads, each of which stands at it: a fiber sends one, so that any number of fibers and threads
/// can meet. Not one of the pool's, of which there may be fewer than have to meet.
int meet(pthread_barrier_t* barrier) noexcept {
  struct Meeting {
    pthread_barrier_t* barrier;
    int result = 0;
    std::atomic<bool> over = false;
  } meeting{barrier};
  try {
    std::thread envoy{[&meeting] {
      meeting.result = real_barrier_wait(meeting.barrier);
      meeting.over.store(true, std::memory_order_release);
      wake_waiters(&meeting, 1);
    }};
    while (true) {
      AddressWait wait{&meeting};
      if (meeting.over.load(std::memory_order_acquire)) break;
      wait.wait(kAsLongAsItTakes);
    }
    envoy.join();
  } catch (const std::system_error&) {  // no thread to be had
    return real_barrier_wait(barrier);
  }
  return meeting.result;
}

/// Held for moments by threads; for longer by a fiber that parked with it.
int spin(pthread_spinlock_t* lock) noexcept {
  constexpr int kTries = 100;
  int result = EBUSY;
  for (int i = 0; i < kTries && result == EBUSY; ++i) result = ::pthread_spin_trylock(lock);
  for (Backoff backoff{milliseconds{1}}; result == EBUSY; result = ::pthread_spin_trylock(lock))
    Parking{}.wait_through(backoff.next());
  return result;
}

bool is_for_libc(clockid_t clock, const timespec* until) noexcept {
  return until == nullptr || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || !is_valid_time(*until);
}

}  // namespace

// Nobody tells that a thread has ended; it is asked, ever more rarely.
int join_thread(pthread_t thread, void** returned, const WaitLimit& limit) noexcept {
  if (::pthread_equal(thread, ::pthread_self()) != 0) return EDEADLK;
  Backoff backoff{milliseconds{8}};
  while (true) {
    if (const int result = ::pthread_tryjoin_np(thread, returned); result != EBUSY) return result;
    Parking parking;
    if (!limit.is_set()) {
      parking.wait_through(backoff.next());
      continue;
    }
    const auto left = limit.left();
    if (left == nanoseconds::zero() || parking.wait(std::min(backoff.next(), left)) == WaitEnd::cancelled)
      return ETIMEDOUT;
  }
}

SymbolNames thread_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

int pthread_join(pthread_t thread, void** returned) {
  if (!may_park()) return real_join(thread, returned);
  return join_thread(thread, returned, {});
}

int pthread_timedjoin_np(pthread_t thread, void** returned, const timespec* until) {
  if (!may_park() || is_for_libc(CLOCK_REALTIME, until)) return real_timedjoin(thread, returned, until);
  return join_thread(thread, returned, {CLOCK_REALTIME, until});
}

int pthread_clockjoin_np(pthread_t thread, void** returned, clockid_t clock, const timespec* until) {
  if (!may_park() || is_for_libc(clock, until)) return real_clockjoin(thread, returned, clock, until);
  return join_thread(thread, returned, {clock, until});
}

int pthread_barrier_wait(pthread_barrier_t* barrier) noexcept {
  if (!may_park()) return real_barrier_wait(barrier);
  return meet(barrier);
}

int pthread_spin_lock(pthread_spinlock_t* lock) noexcept {
  if (!may_park()) return real_spin_lock(lock);
  return spin(lock);
}

int sched_yield() noexcept {
  if (!may_park()) return real_yield();
  yield_turn();
  return 0;
}

}  // extern "C"
