#include "process/service_manager.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdlib>

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

void ServiceManager::tell(const std::string& lines) const noexcept {
  if (is_there_) (void)::sd_notify(0, lines.c_str());
}

void ServiceManager::store(int fd, std::string_view name) const noexcept {
  if (is_there_) (void)::sd_pid_notify_with_fds(0, 0, fmt::format("FDSTORE=1\nFDNAME={}", name).c_str(), &fd, 1);
}

void ServiceManager::forget(std::string_view name) const noexcept {
  tell(fmt::format("FDSTOREREMOVE=1\nFDNAME={}", name));
}

}  // namespace indrik::process
