#include "process/service_manager.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace indrik::process {

std::vector<PassedSocket> take_passed_sockets() {
  char** names = nullptr;
  const int count = ::sd_listen_fds_with_names(1, &names);
  std::vector<PassedSocket> sockets;
  for (int i = 0; i < count; ++i) {
    sockets.push_back({.fd = Fd{SD_LISTEN_FDS_START + i}, .name = names[i]});
    std::free(names[i]);
  }
  std::free(names);
  return sockets;
}

ServiceManager ServiceManager::from_environment() {
  ServiceManager manager;
  manager.is_there_ = std::getenv("NOTIFY_SOCKET") != nullptr;
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) > 0)
    manager.watchdog_ = std::max(milliseconds{1}, milliseconds{microseconds / 1000});
  return manager;
}

bool ServiceManager::tell(const std::string& lines) const noexcept {
  if (!reads()) return false;
  (void)::sd_notify(0, lines.c_str());  // an error is not mended by another try
  return true;
}

bool ServiceManager::store(int fd, std::string_view name) const noexcept {
  if (!reads()) return false;
  (void)::sd_pid_notify_with_fds(0, 0, fmt::format("FDSTORE=1\nFDNAME={}", name).c_str(), &fd, 1);
  return true;
}

bool ServiceManager::forget(std::string_view name) const noexcept {
  return tell(fmt::format("FDSTOREREMOVE=1\nFDNAME={}", name));
}

/// sd_notify(3) waits, without a limit, while the receiver's queue is full; a socket that is connected to it knows.
bool ServiceManager::reads() const noexcept {
  const char* name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto size = name == nullptr ? 0 : std::strlen(name);
  if (size < 2 || size >= sizeof address.sun_path) return true;  // its affair
  std::memcpy(address.sun_path, name, size);
  const bool is_abstract = address.sun_path[0] == '@';
  if (is_abstract) address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size + (is_abstract ? 0 : 1));
  const Fd probe{::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!probe || ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) return true;
  pollfd writable{.fd = probe.get(), .events = POLLOUT, .revents = 0};
  return ::poll(&writable, 1, 0) == 1;
}

}  // namespace indrik::process
