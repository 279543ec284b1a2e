#include "process/exit_status.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <cstring>

namespace indrik::process {

std::string exit_description(int wait_status) {
  if (WIFEXITED(wait_status)) return fmt::format("exited with code {}", WEXITSTATUS(wait_status));
  return fmt::format("was killed by {}{}", signal_name(WTERMSIG(wait_status)),
                     WCOREDUMP(wait_status) ? " (core dumped)" : "");
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

}  // namespace indrik::process
