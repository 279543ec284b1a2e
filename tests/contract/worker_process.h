#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "integration/support/deadline.h"
#include "net/listener.h"
#include "process/scoreboard.h"
#include "routing/router.h"
#include "support/temporary_folder.h"
#include "worker/worker.h"

namespace indrik::test {

/// One worker in a process of its own, with routes from the test, on a free port. The test sees its slot of the
/// scoreboard. Killed with this object at the latest.
class WorkerProcess {
 public:
  using Routes = std::function<void(routing::Router&)>;

  /// Returns when it is ready.
  WorkerProcess(const worker::Options& options, const Routes& routes);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  const std::string& address() const noexcept { return address_; }
  process::Slot& slot() noexcept { return scoreboard_.slots()[0]; }
  pid_t pid() const noexcept { return pid_; }
  void signal(int number) const;
  /// Its exit code, or minus the signal that killed it; throws when it does not end.
  int wait_exit();
  /// What it has logged so far.
  std::string error_text() const;
  std::string access_text() const;

 private:
  [[noreturn]] void run(const worker::Options& options, const Routes& routes, int notice);

  TemporaryFolder folder_;
  std::vector<net::Listener> listeners_;
  process::Scoreboard scoreboard_;
  std::string address_;
  pid_t pid_ = -1;
  Fd pidfd_;
};

}  // namespace indrik::test
