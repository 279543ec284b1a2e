#pragma once

#include <optional>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace indrik::process {

/// The far end of a daemon's start: the command that launched it waits at the terminal until it is told.
class Launcher {
 public:
  /// Nobody waits.
  Launcher() = default;
  explicit Launcher(Fd pipe) noexcept : pipe_{std::move(pipe)} {}
  /// Ends the waiting: the command writes `sentence`, if there is one, to its stderr and exits with `code`. Once only;
  /// later calls do nothing.
  void release(int code, std::string_view sentence = {}) noexcept;
  /// In a forked child: the waiting is not its affair.
  void close_in_child() noexcept { pipe_.reset(); }

 private:
  Fd pipe_;
};

/// What the two processes that return from detach() are.
struct Detached {
  std::optional<Launcher> launcher;  ///< in the daemon; none: this is the command, and all that is left for it is
  int code = 0;                      ///< to exit with this
};

/// Forks twice and returns in both the daemon, which leads no session and has no terminal (stdin, stdout and stderr are
/// /dev/null), and the launching command, there after Launcher::release() or the daemon's end. Call before any thread
/// is started.
Result<Detached> detach();

}  // namespace indrik::process
