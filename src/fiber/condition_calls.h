#pragma once

#include <pthread.h>

#include "fiber/waiting_time.h"

namespace indrik::fiber {

// Condition variables as fibers and threads share them, for other families of hooks. Fibers wait in lines of our own
// (AddressWait), threads in libc's; a signal goes to a fiber if one waits, else to a thread; a broadcast to all.

/// Inside a fiber. 0, ETIMEDOUT, or what unlocking or locking the mutex fails with. Of a cancelled task it ends early,
/// with 0: woken without a reason, which POSIX allows, and what is waited for is looked at again.
int wait_for_condition(pthread_cond_t* condition, pthread_mutex_t* mutex, const WaitLimit& limit) noexcept;
int signal_condition(pthread_cond_t* condition) noexcept;
int broadcast_condition(pthread_cond_t* condition) noexcept;
/// That of pthread_cond_timedwait(3).
clockid_t clock_of(pthread_cond_t* condition) noexcept;

}  // namespace indrik::fiber
