#pragma once

#include <string>

namespace indrik::process {

/// A wait status in words: "exited with code 3", "was killed by SIGKILL", "was killed by SIGSEGV (core dumped)".
std::string exit_description(int wait_status);

/// "SIGTERM"; "signal 64" for one without a name.
std::string signal_name(int signal);

}  // namespace indrik::process
