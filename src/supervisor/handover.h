#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "control/door.h"
#include "net/listener.h"

namespace indrik::supervisor {

/// What an old master leaves to the new one that it has started, in environment variables as LISTEN_FDS does it.
struct Handover {
  /// Every variable's name begins so.
  static constexpr std::string_view kPrefix = "INDRIK_UPGRADE_";

  /// Not looked at yet.
  struct Socket {
    Fd fd;
    std::string asked;  ///< address
    bool is_passed = false;
  };

  pid_t predecessor = 0;
  Fd report;  ///< for a process::Launcher: the old master waits at its other end
  std::vector<Socket> sockets{};
  std::optional<Socket> control{};  ///< where the old master is asked

  /// The variables for the new master, which is `heir`. `door` may be null.
  static std::vector<std::string> variables(pid_t heir, int report, std::span<const net::Listener> listeners,
                                            const control::Door* door);
  /// What was left to this process, and takes the variables away; none: it is nobody's heir.
  static std::optional<Handover> take();
};

}  // namespace indrik::supervisor
