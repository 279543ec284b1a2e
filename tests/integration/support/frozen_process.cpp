#include "integration/support/frozen_process.h"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>

#include "integration/support/deadline.h"
#include "support/temporary_folder.h"

namespace indrik::test {
namespace {

std::filesystem::path folder_of(pid_t pid) { return std::filesystem::path{"/proc"} / std::to_string(pid); }

/// As in proc(5), stat: R, S, T for stopped, Z for ended and not reaped; 0: there is none.
char state_of(const std::filesystem::path& task) {
  const auto stat = contents_of(task / "stat");
  const auto name_end = stat.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= stat.size() ? '\0' : stat[name_end + 2];
}

/// The states of all its threads, sorted, each once.
std::string states_of(pid_t pid) {
  std::string states;
  std::error_code gone;
  for (std::filesystem::directory_iterator tasks{folder_of(pid) / "task", gone}, end; !gone && tasks != end;
       tasks.increment(gone))
    states += state_of(tasks->path());
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
  return states;
}

/// "socket:[123]" of each.
std::set<std::string> sockets_of(pid_t pid) {
  std::set<std::string> sockets;
  std::error_code gone;
  for (std::filesystem::directory_iterator fds{folder_of(pid) / "fd", gone}, end; !gone && fds != end;
       fds.increment(gone))
    sockets.insert(std::filesystem::read_symlink(fds->path(), gone).native());
  return sockets;
}

}  // namespace

FrozenProcess::FrozenProcess(pid_t pid) : pid_{pid} {
  if (::kill(pid_, SIGSTOP) != 0) return;
  await([&] {
    const auto states = states_of(pid_);
    stands_ = states == "T";
    return stands_ || states.empty() || states.find('Z') != std::string::npos;
  });
}

FrozenProcess::~FrozenProcess() {
  if (stands_) ::kill(pid_, SIGCONT);
}

std::set<std::uint16_t> FrozenProcess::client_ports() const {
  const auto sockets = sockets_of(pid_);
  std::set<std::uint16_t> ports;
  std::istringstream table{contents_of(folder_of(pid_) / "net/tcp")};
  std::string line;
  std::getline(table, line);  // the headings
  while (std::getline(table, line)) {
    // number, local address, remote address, state, queues, timer, retransmits, user, timeout, inode
    std::istringstream columns{line};
    std::string column, remote;
    for (int i = 0; i < 10 && columns >> column; ++i)
      if (i == 2) remote = column;
    const auto colon = remote.find(':');
    if (colon == std::string::npos || !sockets.contains("socket:[" + column + "]")) continue;
    std::uint16_t port = 0;
    std::from_chars(remote.data() + colon + 1, remote.data() + remote.size(), port, 16);
    if (port != 0) ports.insert(port);  // 0: it listens
  }
  return ports;
}

void FrozenProcess::kill() {
  ::kill(pid_, SIGKILL);
  stands_ = false;
}

}  // namespace indrik::test
