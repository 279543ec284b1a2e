#pragma once

#include <pthread.h>

namespace indrik::fiber {

/// pthread_once(3), inside and outside of fibers: the fiber waits for another, or for a thread, that is at it. What the
/// routine throws passes, and then another one runs it.
int run_once(pthread_once_t* control, void (*routine)());

}  // namespace indrik::fiber
