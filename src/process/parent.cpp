#include "process/parent.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace indrik::process {

bool die_with_parent(pid_t expected_parent) noexcept {
  // No softer signal: an orphan that is stuck would keep the port from the next master for ever.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return ::getppid() == expected_parent;  // it may have died before the line above
}

// Not pidfd_open(3): glibc 2.36 declares it without C linkage.
Fd watch_process(pid_t pid) noexcept { return Fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))}; }

}  // namespace indrik::process
