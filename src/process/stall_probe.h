#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/result.h"
#include "process/pulse.h"
#include "process/stall_record.h"

namespace indrik::process {

/// The signal by which a thread is asked; a plugin that takes it for itself switches this off. A system call that it
/// interrupts goes on by itself, but for those that never do (signal(7): poll, nanosleep and their relatives).
int probe_signal() noexcept;

/// Takes the signal; once a process, after prepare_unwinding(). Fails with sigaction's errno.
Result<void> install_probe() noexcept;

/// Asks a thread of this process where it is, if it is still in the given turn: its request and stack come into
/// `record`. Waits for the answer, for `patience_ns` at most. False: there is none, or the turn is over; then nothing
/// is there. One caller at a time, not the thread itself.
bool probe(pid_t thread, const Pulse& pulse, std::uint32_t turn, std::int64_t patience_ns,
           StallRecord& record) noexcept;

/// The same of the calling thread, now, without a signal; in normal context.
void probe_here(StallRecord& record) noexcept;

}  // namespace indrik::process
