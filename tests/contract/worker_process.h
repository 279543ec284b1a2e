#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "integration/support/deadline.h"
#include "net/listener.h"
#include "net/tls_options.h"
#include "process/scoreboard.h"
#include "routing/router.h"
#include "stream/conversation.h"
#include "support/temporary_folder.h"
#include "worker/worker.h"

namespace indrik::test {

/// What a worker is started with in a process of its own.
struct WorkerPlace {
  const std::filesystem::path& folder;  ///< of its logs
  std::span<net::Listener> listeners;
  process::Scoreboard& scoreboard;
  std::size_t number = 0;  ///< of its slot
  int notice = -1;
  const net::TlsOptions* tls = nullptr;  ///< what its listeners speak; null: HTTP without TLS
  stream::Handler* stream = nullptr;     ///< of what comes in at the last listener; null: HTTP there, too
};

/// In the child: a worker's whole life. It has siblings where the scoreboard has several slots.
[[noreturn]] void run_worker(const worker::Options& options, const std::function<void(routing::Router&)>& routes,
                             const WorkerPlace& place);

std::vector<net::Listener> listen_somewhere();

/// One worker in a process of its own, with routes from the test, on a free port. The test sees its slot of the
/// scoreboard. Killed with this object at the latest.
class WorkerProcess {
 public:
  using Routes = std::function<void(routing::Router&)>;

  /// SO_RCVBUF, in bytes, of the sockets of those that are started from here on; 0: as the system has it.
  static inline int receive_room = 0;

  /// Returns when it is ready.
  WorkerProcess(const worker::Options& options, const Routes& routes, const net::TlsOptions* tls = nullptr);
  /// One with a stream besides, at stream_address().
  WorkerProcess(const worker::Options& options, const Routes& routes, std::unique_ptr<stream::Handler> stream);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  const std::string& address() const noexcept { return address_; }
  const std::string& stream_address() const noexcept { return stream_address_; }
  process::Slot& slot() noexcept { return scoreboard_.slots()[0]; }
  process::StallRecord& stall() noexcept { return scoreboard_.stalls().records()[0]; }
  pid_t pid() const noexcept { return pid_; }
  void signal(int number) const;
  /// Until SIGCONT. Returns when it does stand still: what comes to it then, comes all at once.
  void stop() const;
  /// Its exit code, or minus the signal that killed it; throws when it does not end.
  int wait_exit();
  /// What it has logged so far.
  std::string error_text() const;
  std::string access_text() const;

 private:
  TemporaryFolder folder_;
  void start(const worker::Options& options, const Routes& routes, const net::TlsOptions* tls);

  std::unique_ptr<stream::Handler> stream_;
  std::vector<net::Listener> listeners_;
  process::Scoreboard scoreboard_;
  std::string address_;
  std::string stream_address_;
  pid_t pid_ = -1;
  Fd pidfd_;
};

}  // namespace indrik::test
