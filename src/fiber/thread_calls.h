#pragma once

#include <pthread.h>

#include "fiber/waiting_time.h"

namespace indrik::fiber {

/// pthread_join(3) in a fiber: 0 and what the thread returned, or an error number. With a limit a cancelled task gives
/// up, with ETIMEDOUT; without one it waits on.
int join_thread(pthread_t thread, void** returned, const WaitLimit& limit) noexcept;

}  // namespace indrik::fiber
