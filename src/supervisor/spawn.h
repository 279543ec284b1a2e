#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "log/error_log.h"
#include "process/signal_queue.h"
#include "supervisor/master.h"

namespace indrik::supervisor {

/// Forks a worker and returns its pid; fails with fork's errno. The child gives up what is the master's alone, dies
/// with the master, runs `worker_main`, flushes stdio and leaves by _exit: nothing of the master's is destroyed twice.
Result<pid_t> spawn_worker(const WorkerMain& worker_main, const Seat& seat, process::SignalQueue& masters_signals,
                           log::ErrorLog& log);

}  // namespace indrik::supervisor
