#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "base/fd.h"
#include "process/scoreboard.h"
#include "supervisor/master.h"

#include "support/temporary_folder.h"

namespace indrik::supervisor::test {

/// A number that master, workers and test share.
class Shared {
 public:
  Shared();
  ~Shared();
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  std::atomic<int>& operator*() const noexcept { return *value_; }
  std::atomic<int>* operator->() const noexcept { return value_; }

 private:
  std::atomic<int>* value_;
};

/// A master in a process of its own. What it logs, and the lines that its workers say(), come through one pipe: the
/// test awaits lines, it never sleeps. Ends everything when it goes.
class Server {
 public:
  struct Setup {
    Policy policy{.workers = 1, .timeout = milliseconds{0}};
    WorkerMain worker = {};  ///< empty: obedient()
    Reload reload = {};      ///< empty: the same plan again
    std::size_t slots = 8;
    std::vector<net::Listener> listeners = {};
    std::function<void()> before_run = {};  ///< in the master's process
  };

  explicit Server(Setup setup);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  pid_t master() const noexcept { return master_; }
  process::Scoreboard& scoreboard() noexcept { return scoreboard_; }
  void signal(int number) const noexcept;
  /// Signals whoever runs the slot.
  void signal_worker(std::size_t slot, int number) noexcept;
  pid_t pid_of(std::size_t slot) noexcept { return scoreboard_.slots()[slot].pid; }

  /// The first line, not awaited before, that contains `text`; fails the test after 20 s.
  std::string await(const std::string& text);
  /// Awaits "worker N (pid P) is ready" as often as asked.
  void await_ready(int times);
  /// Whether such a line came before the one that was awaited last.
  bool said_before(const std::string& text) const;
  /// Every line that was not awaited, to the end of the server; call after exit_code().
  std::string rest();
  /// Waits until the master has ended; -signal if it was killed.
  int exit_code();
  /// Waits until the master and every worker are gone.
  bool await_end_of_all();

 private:
  [[noreturn]] void run_master(Setup& setup, Fd alive);
  bool read_more(int timeout_ms);

  indrik::test::TemporaryFolder folder_;
  Fd lines_in_;
  Fd alive_;
  process::Scoreboard scoreboard_;
  pid_t master_ = -1;
  bool waited_ = false;
  std::string partial_;
  std::list<std::string> lines_;
  std::list<std::string>::iterator last_ = lines_.begin();  // after the line that was awaited last
};

/// Writes a line into the server's pipe, from a worker.
void say(const Seat& seat, const std::string& what);

/// Says that the seat's worker is ready.
void become_ready(const Seat& seat);

/// Says that the seat's worker takes no more.
void retire(const Seat& seat);

/// Says that the seat's worker has served enough, and serves on.
void ask_to_retire(const Seat& seat);

/// A worker that does as it is told: beats while it serves, says "got USR1", ends at TERM, INT and QUIT saying so.
int obedient(const Seat& seat);

/// Serves, but takes no notice of the given signals.
int deaf_to(const Seat& seat, std::initializer_list<int> deaf);

}  // namespace indrik::supervisor::test
