#pragma once

#include <signal.h>

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "process/crash_record.h"

namespace indrik::process {

/// Whether an address is in the guard page of the fiber that the calling thread runs. Async-signal-safe.
using GuardQuery = bool (*)(std::uintptr_t address) noexcept;

/// From here on, when this process dies by SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGABRT, or something in it calls
/// exit(3), `record` tells of it before. The signal then does what it did before the call: it ends the process, with
/// the core that the system allows. Children that it forks leave no record. Once a process, with no other thread;
/// `record` outlives the process. Fails where there is no memory for the alternate stack.
Result<void> record_crashes(CrashRecord& record, GuardQuery in_fiber_guard);

/// Lists the modules again: after plugins were loaded.
void record_modules() noexcept;

/// A stack for signal handlers of the calling thread, so that one whose stack has overflowed can still tell; to be had
/// by each thread that runs handlers. Ends with the thread. Without memory for it, it is none.
class AlternateStack {
 public:
  AlternateStack() noexcept;
  ~AlternateStack();
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;
  explicit operator bool() const noexcept { return memory_ != nullptr; }

 private:
  void* memory_ = nullptr;
  stack_t before_{};
};

}  // namespace indrik::process
