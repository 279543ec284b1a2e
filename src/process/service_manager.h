#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"

namespace indrik::process {

/// A socket that was open before this process was: of a socket unit, or out of the service manager's store.
struct PassedSocket {
  Fd fd;
  std::string name;  ///< its FileDescriptorName=, or the name it was stored under
};

/// What LISTEN_FDS names, if it was meant for this process; see sd_listen_fds(3). Takes the variables away, so that no
/// child believes that they are meant for it. Once only.
std::vector<PassedSocket> take_passed_sockets();

/// The service manager that started this process, as sd_notify(3) talks to it. Where there is none, telling does
/// nothing.
class ServiceManager {
 public:
  /// Reads NOTIFY_SOCKET and WATCHDOG_USEC.
  static ServiceManager from_environment();

  bool is_there() const noexcept { return is_there_; }
  /// It wants a sign of life this often; none: it does not watch.
  std::optional<milliseconds> watchdog() const noexcept { return watchdog_; }

  /// One or more lines "NAME=value". False: not sent, since the service manager does not read just now; nobody waits
  /// for it.
  [[nodiscard]] bool tell(const std::string& lines) const noexcept;
  /// Has it keep a copy of the descriptor, and hand it to the next start under `name`, of printable ASCII without ':'.
  [[nodiscard]] bool store(int fd, std::string_view name) const noexcept;
  /// Has it close what it keeps under `name`.
  [[nodiscard]] bool forget(std::string_view name) const noexcept;

 private:
  bool reads() const noexcept;

  bool is_there_ = false;
  std::optional<milliseconds> watchdog_;
};

}  // namespace indrik::process
