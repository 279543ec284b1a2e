#include <pthread.h>

#include <array>
#include <cerrno>

#include "base/no_park.h"
#include "fiber/fiber.h"
#include "fiber/hook_families.h"
#include "fiber/lock_queue.h"
#include "fiber/mutex_calls.h"
#include "fiber/owned_locks.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

constexpr auto kHooked =
    std::to_array<std::string_view>({"pthread_mutex_lock", "pthread_mutex_trylock", "pthread_mutex_timedlock",
                                     "pthread_mutex_clocklock", "pthread_mutex_unlock"});

constinit RealCall<decltype(::pthread_mutex_lock)> real_lock{"pthread_mutex_lock"};
constinit RealCall<decltype(::pthread_mutex_trylock)> real_trylock{"pthread_mutex_trylock"};
constinit RealCall<decltype(::pthread_mutex_timedlock)> real_timedlock{"pthread_mutex_timedlock"};
constinit RealCall<decltype(::pthread_mutex_clocklock)> real_clocklock{"pthread_mutex_clocklock"};
constinit RealCall<decltype(::pthread_mutex_unlock)> real_unlock{"pthread_mutex_unlock"};

// The two lowest bits of the kind, which static initialisers write too, are the mutex's type (bits/struct_mutex.h).
int type_of(const pthread_mutex_t& mutex) noexcept { return mutex.__data.__kind & 3; }

/// Of a type whose calls ask who the owner is.
bool asks_for_owner(const pthread_mutex_t& mutex) noexcept {
  const int type = type_of(mutex);
  return type == PTHREAD_MUTEX_RECURSIVE || type == PTHREAD_MUTEX_ERRORCHECK;
}

/// Written by whoever takes or gives back the mutex, while we look: true is certain, for that is us.
bool thread_has(const pthread_mutex_t& mutex) noexcept {
  return __atomic_load_n(&mutex.__data.__owner, __ATOMIC_RELAXED) == this_thread_id();
}

int taken(pthread_mutex_t* mutex, int result) noexcept {
  if (result != 0 && result != EOWNERDEAD) return result;
  ++locks_held();
  if (asks_for_owner(*mutex)) owned_locks().add(mutex);
  return result;
}

/// A mutex of this thread's that asks for its owner, when the owner is another fiber (or the loop): to glibc it is us.
bool another_fiber_has(const pthread_mutex_t* mutex) noexcept {
  return asks_for_owner(*mutex) && thread_has(*mutex) && !owned_locks().has(mutex);
}

int take(void* lock) noexcept {
  auto* const mutex = static_cast<pthread_mutex_t*>(lock);
  return another_fiber_has(mutex) ? EBUSY : taken(mutex, real_trylock(mutex));
}

bool this_thread_has(const void* lock) noexcept { return thread_has(*static_cast<const pthread_mutex_t*>(lock)); }

}  // namespace

int try_lock_mutex(pthread_mutex_t* mutex) noexcept { return take(mutex); }

int lock_mutex(pthread_mutex_t* mutex, const WaitLimit& limit) noexcept {
  if (asks_for_owner(*mutex) && owned_locks().has(mutex)) {
    if (type_of(*mutex) == PTHREAD_MUTEX_ERRORCHECK) return EDEADLK;
    return take(mutex);
  }
  auto& queue = lock_queue();
  if (!queue.has(mutex)) {
    if (const int result = take(mutex); result != EBUSY) return result;
  }
  if (t_no_park != 0 && !limit.is_set()) return taken(mutex, real_lock(mutex));
  return queue.wait({.lock = mutex, .take = &take, .fiber_has_it = &this_thread_has}, limit);
}

int unlock_mutex(pthread_mutex_t* mutex) noexcept {
  const bool asks = asks_for_owner(*mutex);
  if (asks && thread_has(*mutex) && !owned_locks().has(mutex)) return EPERM;
  const int result = real_unlock(mutex);
  if (result != 0) return result;
  if (asks) owned_locks().remove(mutex);
  if (locks_held() > 0) --locks_held();
  lock_queue().given_back(mutex);
  return 0;
}

int lock_mutex_until(pthread_mutex_t* mutex, clockid_t clock, const timespec& until) noexcept {
  if (is_valid_time(until)) return lock_mutex(mutex, {clock, &until});
  // An invalid time is an error only for who would have to wait (POSIX).
  const int result = try_lock_mutex(mutex);
  return result == EBUSY ? EINVAL : result;
}

SymbolNames mutex_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  if (!current()) return real_lock(mutex);
  return lock_mutex(mutex);
}

int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  if (!current()) return real_trylock(mutex);
  return try_lock_mutex(mutex);
}

int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* until) noexcept {
  if (!current()) return real_timedlock(mutex, until);
  return lock_mutex_until(mutex, CLOCK_REALTIME, *until);
}

int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock, const timespec* until) noexcept {
  const bool known = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
  if (!current() || !known) return real_clocklock(mutex, clock, until);
  return lock_mutex_until(mutex, clock, *until);
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  if (!current()) return real_unlock(mutex);
  return unlock_mutex(mutex);
}

}  // extern "C"
