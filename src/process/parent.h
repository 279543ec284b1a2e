#pragma once

#include <sys/types.h>

#include "base/fd.h"

namespace indrik::process {

/// Lets the kernel kill this process (SIGKILL) when its parent ends. False: the parent, which was `expected_parent`,
/// is gone already, and this process should end by itself. To be repeated after a change of user or group, which
/// forgets it; see prctl(2), PR_SET_PDEATHSIG.
[[nodiscard]] bool die_with_parent(pid_t expected_parent) noexcept;

/// Readable once the process has ended; see pidfd_open(2). None: it has gone already, or cannot be watched.
Fd watch_process(pid_t pid) noexcept;

}  // namespace indrik::process
