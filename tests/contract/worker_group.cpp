#include "contract/worker_group.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string>

namespace indrik::test {
namespace {

std::uint64_t sleeps_of(pid_t pid) {
  std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
  constexpr std::string_view kKey = "voluntary_ctxt_switches:";
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(kKey)) return std::stoull(line.substr(kKey.size()));
  throw std::runtime_error{"no count of switches in /proc"};
}

/// "4711 (name) S …", proc(5); the name may have spaces and brackets in it.
bool is_asleep(pid_t pid) {
  std::ifstream stat{"/proc/" + std::to_string(pid) + "/stat"};
  std::string line;
  std::getline(stat, line);
  const auto name_end = line.rfind(") ");
  if (name_end == std::string::npos) throw std::runtime_error{"no state of a process in /proc"};
  return line.at(name_end + 2) == 'S';
}

}  // namespace

WorkerGroup::WorkerGroup(std::size_t count, const worker::Options& options, const WorkerProcess::Routes& routes,
                         const net::TlsOptions* tls)
    : scoreboard_{*process::Scoreboard::create(count)}, address_{listeners_.front().address().text()} {
  for (std::size_t number = 0; number < count; ++number) {
    const Fd notice{::eventfd(0, EFD_CLOEXEC)};
    pids_.push_back(::fork());
    if (pids_.back() == 0)
      run_worker(options, routes,
                 {.folder = folder_.path(),
                  .listeners = listeners_,
                  .scoreboard = scoreboard_,
                  .number = number,
                  .notice = notice.get(),
                  .tls = tls});
    if (!await_fd(notice.get(), POLLIN, Deadline{})) throw std::runtime_error{"a worker is not ready"};
  }
  listeners_.clear();  // the workers' alone from here on
}

WorkerGroup::~WorkerGroup() {
  for (const pid_t pid : pids_) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}

void WorkerGroup::stop(std::size_t number) const {
  ::kill(pids_[number], SIGSTOP);
  siginfo_t stopped{};
  if (::waitid(P_PID, static_cast<id_t>(pids_[number]), &stopped, WSTOPPED) != 0)
    throw std::runtime_error{"a worker cannot be stopped"};
}

bool WorkerGroup::all_sleep() const { return std::ranges::all_of(pids_, is_asleep); }

std::uint64_t WorkerGroup::sleeps() const {
  std::uint64_t all = 0;
  for (const pid_t pid : pids_) all += sleeps_of(pid);
  return all;
}

}  // namespace indrik::test
