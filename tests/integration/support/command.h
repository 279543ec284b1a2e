#pragma once

#include <string>

namespace indrik::test {

/// What a command said, and how it ended.
struct CommandResult {
  int code = -1;       ///< exit code; 128 and more: killed by a signal, as a shell tells it
  std::string output;  ///< stdout and stderr together
};

/// Runs it in a shell and waits for its end; a minute at most, by timeout(1).
CommandResult run_command(const std::string& command);

}  // namespace indrik::test
