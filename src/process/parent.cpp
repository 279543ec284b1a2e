#include "process/parent.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace indrik::process {

bool die_with_parent(pid_t expected_parent) noexcept {
  // No softer signal: an orphan that is stuck would keep the port from the next master for ever.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return ::getppid() == expected_parent;  // it may have died before the line above
}

}  // namespace indrik::process
