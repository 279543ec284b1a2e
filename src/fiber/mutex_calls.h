#pragma once

#include <pthread.h>

#include "fiber/waiting_time.h"

namespace indrik::fiber {

// The mutex calls as they are inside a fiber, for other families of hooks. Results are pthread_mutex_lock(3)'s.
//
// glibc knows threads only: to it, all fibers of a thread are one owner. So whether the owner of a recursive or an
// error-checking mutex is this fiber is looked up in what the fiber has taken (owned_locks()).

int lock_mutex(pthread_mutex_t* mutex, const WaitLimit& limit = {}) noexcept;
int lock_mutex_until(pthread_mutex_t* mutex, clockid_t clock, const timespec& until) noexcept;
int try_lock_mutex(pthread_mutex_t* mutex) noexcept;
int unlock_mutex(pthread_mutex_t* mutex) noexcept;

}  // namespace indrik::fiber
