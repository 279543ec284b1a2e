#include "supervisor/spawn.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"
#include "process/parent.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace indrik::supervisor {
namespace {

/// A worker that cannot start says why by a BootError; anything else that it throws ends it by SIGABRT.
int worker_code(const WorkerMain& worker_main, const Seat& seat) noexcept {
  try {
    return worker_main(seat);
  } catch (const BootError& error) {
    process::say_last_words(seat.slot, error.what());
    return static_cast<int>(error.code());
  }
}

}  // namespace

Result<pid_t> spawn_worker(const Plan& plan, Seat seat, const Inheritance& inherited) {
  std::fflush(nullptr);  // or the child would print what we have not printed yet once more
  const pid_t pid = ::fork();
  if (pid < 0) return fail(Error::from_errno(errno, "fork worker {}", seat.number));
  if (pid > 0) return pid;
  if (!process::die_with_parent(seat.master)) ::_exit(static_cast<int>(ExitCode::run_failed));
  inherited.signals.close();
  seat.listeners = inherited.listeners.reduce_to(plan.binding);
  seat.slot.pid.store(::getpid(), std::memory_order_relaxed);
  const int code = worker_code(plan.worker_main, seat);
  seat.slot.ends_in_order.store(true, std::memory_order_relaxed);
  std::fflush(nullptr);  // what plugins have printed; _exit would drop it
#if defined(__SANITIZE_ADDRESS__)
  __lsan_do_leak_check();  // _exit would skip it
#endif
  ::_exit(code);
}

}  // namespace indrik::supervisor
