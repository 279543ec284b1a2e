#pragma once

#include <vector>

#include "contract/worker_process.h"

namespace indrik::test {

/// Several workers, each in a process of its own, with one listener and one scoreboard between them.
class WorkerGroup {
 public:
  /// Returns when all are ready.
  WorkerGroup(std::size_t count, const worker::Options& options, const WorkerProcess::Routes& routes,
              const net::TlsOptions* tls = nullptr);
  ~WorkerGroup();
  WorkerGroup(const WorkerGroup&) = delete;
  WorkerGroup& operator=(const WorkerGroup&) = delete;

  const std::string& address() const noexcept { return address_; }
  std::span<process::Slot> slots() noexcept { return scoreboard_.slots(); }
  /// Returns when it stands still.
  void stop(std::size_t number) const;
  /// Whether none of them has anything to do at this moment.
  bool all_sleep() const;
  /// How often they have gone to sleep, all together: voluntary_ctxt_switches of proc(5).
  std::uint64_t sleeps() const;

 private:
  TemporaryFolder folder_;
  std::vector<net::Listener> listeners_ = listen_somewhere();
  process::Scoreboard scoreboard_;
  std::string address_;
  std::vector<pid_t> pids_;
};

}  // namespace indrik::test
