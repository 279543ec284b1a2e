#include <pthread.h>

#include <array>
#include <cerrno>

#include "base/no_park.h"
#include "fiber/blocking_call.h"
#include "fiber/fiber.h"
#include "fiber/hook_families.h"
#include "fiber/lock_queue.h"
#include "fiber/owned_locks.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

constexpr auto kHooked = std::to_array<std::string_view>(
    {"pthread_rwlock_rdlock", "pthread_rwlock_tryrdlock", "pthread_rwlock_timedrdlock", "pthread_rwlock_clockrdlock",
     "pthread_rwlock_wrlock", "pthread_rwlock_trywrlock", "pthread_rwlock_timedwrlock", "pthread_rwlock_clockwrlock",
     "pthread_rwlock_unlock"});

constinit RealCall<decltype(::pthread_rwlock_rdlock)> real_rdlock{"pthread_rwlock_rdlock"};
constinit RealCall<decltype(::pthread_rwlock_tryrdlock)> real_tryrdlock{"pthread_rwlock_tryrdlock"};
constinit RealCall<decltype(::pthread_rwlock_timedrdlock)> real_timedrdlock{"pthread_rwlock_timedrdlock"};
constinit RealCall<decltype(::pthread_rwlock_clockrdlock)> real_clockrdlock{"pthread_rwlock_clockrdlock"};
constinit RealCall<decltype(::pthread_rwlock_wrlock)> real_wrlock{"pthread_rwlock_wrlock"};
constinit RealCall<decltype(::pthread_rwlock_trywrlock)> real_trywrlock{"pthread_rwlock_trywrlock"};
constinit RealCall<decltype(::pthread_rwlock_timedwrlock)> real_timedwrlock{"pthread_rwlock_timedwrlock"};
constinit RealCall<decltype(::pthread_rwlock_clockwrlock)> real_clockwrlock{"pthread_rwlock_clockwrlock"};
constinit RealCall<decltype(::pthread_rwlock_unlock)> real_unlock{"pthread_rwlock_unlock"};

int take_for_reading(void* lock) noexcept { return real_tryrdlock(static_cast<pthread_rwlock_t*>(lock)); }

int taken_for_writing(void* lock, int result) noexcept {
  if (result != 0) return result;
  owned_locks().add(lock);
  ++locks_held();
  return 0;
}

int take_for_writing(void* lock) noexcept {
  return taken_for_writing(lock, real_trywrlock(static_cast<pthread_rwlock_t*>(lock)));
}

/// A writer that is a fiber of this thread will tell. Of readers nothing is known.
bool fiber_writes(const void* lock) noexcept {
  const auto& data = static_cast<const pthread_rwlock_t*>(lock)->__data;
  return __atomic_load_n(&data.__cur_writer, __ATOMIC_RELAXED) == this_thread_id();
}

/// Readers go before writers that wait, so that one may read again while it reads, unless the lock is made otherwise
/// (pthread_rwlockattr_setkind_np(3)).
bool readers_wait_for_writers(const pthread_rwlock_t& lock) noexcept {
  return lock.__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

int lock_for_reading(pthread_rwlock_t* lock, const WaitLimit& limit) noexcept {
  if (owned_locks().has(lock)) return EDEADLK;
  auto& queue = lock_queue();
  if (!(readers_wait_for_writers(*lock) && queue.has(lock, /*exclusively=*/true))) {
    if (const int result = take_for_reading(lock); result != EBUSY) return result;
  }
  if (t_no_park != 0 && !limit.is_set()) return real_rdlock(lock);
  return queue.wait({.lock = lock, .shared = true, .take = &take_for_reading, .fiber_has_it = &fiber_writes}, limit);
}

int lock_for_writing(pthread_rwlock_t* lock, const WaitLimit& limit) noexcept {
  if (owned_locks().has(lock)) return EDEADLK;
  auto& queue = lock_queue();
  if (!queue.has(lock)) {
    if (const int result = take_for_writing(lock); result != EBUSY) return result;
  }
  if (t_no_park != 0 && !limit.is_set()) return taken_for_writing(lock, real_wrlock(lock));
  return queue.wait({.lock = lock, .take = &take_for_writing, .fiber_has_it = &fiber_writes}, limit);
}

int unlock(pthread_rwlock_t* lock) noexcept {
  const bool wrote = owned_locks().has(lock);
  const int result = real_unlock(lock);
  if (result != 0) return result;
  if (wrote) {
    owned_locks().remove(lock);
    if (locks_held() > 0) --locks_held();
  }
  lock_queue().given_back(lock);
  return 0;
}

/// What libc judges in any case: clocks that it does not know, and times that are none.
bool is_for_libc(clockid_t clock, const timespec& until) noexcept {
  return (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || !is_valid_time(until);
}

}  // namespace

SymbolNames rwlock_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  if (!current()) return real_rdlock(lock);
  return lock_for_reading(lock, {});
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t* lock) noexcept {
  if (!current()) return real_tryrdlock(lock);
  return take_for_reading(lock);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t* lock, const timespec* until) noexcept {
  if (!may_park() || is_for_libc(CLOCK_REALTIME, *until)) return real_timedrdlock(lock, until);
  return lock_for_reading(lock, {CLOCK_REALTIME, until});
}

int pthread_rwlock_clockrdlock(pthread_rwlock_t* lock, clockid_t clock, const timespec* until) noexcept {
  if (!may_park() || is_for_libc(clock, *until)) return real_clockrdlock(lock, clock, until);
  return lock_for_reading(lock, {clock, until});
}

int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  if (!current()) return real_wrlock(lock);
  return lock_for_writing(lock, {});
}

int pthread_rwlock_trywrlock(pthread_rwlock_t* lock) noexcept {
  if (!current()) return real_trywrlock(lock);
  return take_for_writing(lock);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t* lock, const timespec* until) noexcept {
  if (!may_park() || is_for_libc(CLOCK_REALTIME, *until)) return real_timedwrlock(lock, until);
  return lock_for_writing(lock, {CLOCK_REALTIME, until});
}

int pthread_rwlock_clockwrlock(pthread_rwlock_t* lock, clockid_t clock, const timespec* until) noexcept {
  if (!may_park() || is_for_libc(clock, *until)) return real_clockwrlock(lock, clock, until);
  return lock_for_writing(lock, {clock, until});
}

int pthread_rwlock_unlock(pthread_rwlock_t* lock) noexcept {
  if (!current()) return real_unlock(lock);
  return unlock(lock);
}

}  // extern "C"
