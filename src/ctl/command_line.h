#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "control/request.h"

namespace indrik::ctl {

/// What indrikctl is asked to do.
struct CommandLine {
  std::string text;  ///< to print, and no more: the help or the version; empty: there is something to do
  control::Request request;
  std::string socket;                   ///< of the master
  bool json = false;                    ///< the answer as it came
  std::optional<milliseconds> timeout;  ///< for the whole of it; none: as long as it takes
};

/// Reads the command line; `environment_socket` is the value of INDRIK_CONTROL_SOCKET, or empty. The error says what is
/// wrong with it, or with the configuration that it names.
Result<CommandLine> read_command_line(int argc, const char* const* argv, const std::string& environment_socket);

}  // namespace indrik::ctl
