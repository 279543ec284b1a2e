#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace indrik::process {

/// How this process was started, so that whatever stands at its place on the disk by then can be started likewise.
class Program {
 public:
  /// Call before anything changes the folder or the environment. What was said to this process alone is left out of the
  /// environment: LISTEN_* and WATCHDOG_PID of sd_listen_fds(3) and sd_watchdog_enabled(3), and our own
  /// `private_prefix`.
  static Program capture(int argc, const char* const* argv, const char* const* environment,
                         std::string_view private_prefix);

  /// The file that is executed: argv[0] as it was found then, so that a symbolic link which points to a newer version
  /// is followed anew.
  const std::filesystem::path& path() const noexcept { return path_; }

  /// Starts it as a child, with the arguments, environment and folder of the first start and default signals. Of our
  /// descriptors it gets `kept` and `report`; `variables` ("NAME=value") are asked for in the child, and added to its
  /// environment. Where it cannot be executed, the child tells that as Launcher::release() does, through `report`.
  /// Fails with fork's errno.
  Result<pid_t> start(std::span<const int> kept, int report,
                      const std::function<std::vector<std::string>(pid_t child)>& variables) const;

 private:
  [[noreturn]] void become(std::span<const int> kept, int report, std::vector<std::string> variables) const;

  std::filesystem::path path_, folder_;
  std::vector<std::string> arguments_, environment_;
};

}  // namespace indrik::process
