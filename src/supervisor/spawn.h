#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "log/error_log.h"
#include "process/signal_queue.h"
#include "supervisor/listener_pool.h"
#include "supervisor/master.h"

namespace indrik::supervisor {

/// What the child must give up: the master's alone, or another plan's.
struct Inheritance {
  process::SignalQueue& signals;
  ListenerPool& listeners;
};

/// Forks a worker and returns its pid; fails with fork's errno. The child gives up what is the master's alone, fills in
/// the seat's listeners, dies with the master, runs the plan's worker_main, flushes stdio and leaves by _exit: nothing
/// of the master's is destroyed twice. The sentence of a BootError is left in the slot as its last words.
Result<pid_t> spawn_worker(const Plan& plan, Seat seat, const Inheritance& inherited);

}  // namespace indrik::supervisor
