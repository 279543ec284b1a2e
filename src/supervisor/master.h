#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "control/door.h"
#include "log/error_log.h"
#include "net/listener.h"
#include "process/program.h"
#include "process/scoreboard.h"
#include "process/service_manager.h"
#include "supervisor/listener_pool.h"

namespace indrik::supervisor {

/// When a route that keeps killing workers is closed.
struct QuarantinePolicy {
  int crashes = 0;  ///< of one route within `within`; 0: never
  milliseconds within{60'000};
  milliseconds lasts{60'000};
};

/// How many workers, and how patient the master is with them.
struct Policy {
  int workers = 1;
  milliseconds timeout{30'000};           ///< a heartbeat older than this: SIGABRT, a second later SIGKILL; 0: never
  milliseconds boot_timeout{30'000};      ///< a worker not ready after it: SIGABRT, a second later SIGKILL
  milliseconds graceful_timeout{30'000};  ///< a worker's own, when it retires; SIGKILL a second later
  milliseconds drain_delay{0};            ///< from SIGTERM to the end of accepting
  QuarantinePolicy quarantine{};
};

/// What a worker is given in the child, after the fork.
struct Seat {
  process::Slot& slot;          ///< its page of the scoreboard: it sets state, heartbeat and totals
  std::size_t number;           ///< 0-based, of the slot
  process::CrashRecord& crash;  ///< where it tells what it dies of
  process::StallRecord& stall;  ///< where it tells of handlers that hold its loop
  process::StallCounts& stall_counts;
  const process::ClosedRoutes& closed_routes;
  std::span<const process::Slot> siblings;  ///< the slots of all workers that have bells
  std::span<const Fd> bells;                ///< Scoreboard::bells()
  int notice_fd;                            ///< an eventfd: write 1 after slot.state changed, so that the master looks
  pid_t master;                             ///< getppid() differs: the master is gone
  std::span<net::Listener> listeners;       ///< this process's copies: its to close when it accepts no more
};

/// A worker's whole life; its result is the process's exit code. Runs with every signal of the master's still blocked
/// and default dispositions otherwise.
using WorkerMain = std::function<int(const Seat&)>;

/// Everything that a reload replaces.
struct Plan {
  Policy policy;
  WorkerMain worker_main;
  Binding binding;
  std::string_view worker_class{};  ///< its name, for whoever asks; of static life
  /// A listener's, likewise.
  std::function<std::string(const net::Listener&)> name_of = [](const auto& listener) {
    return listener.address().text();
  };
  std::function<void()> reopening = [] {};   ///< called in the master at USR1, before the workers reopen their logs
  std::function<void()> taken_over = [] {};  ///< called in the master when workers of this plan have replaced others
};

/// Reads the configuration anew at HUP; opens, changes and keeps nothing. An error leaves everything as it is.
using Reload = std::function<Result<Plan>()>;

/// What surrounds the master; whatever is left out is not there. All of it outlives the master.
struct Surroundings {
  const process::Program* program = nullptr;  ///< what USR2 starts
  process::ServiceManager service_manager{};
  std::vector<std::string> stored{};  ///< names under which it keeps listeners of those before, see Announcer
  control::Door* door = nullptr;      ///< where the master is asked
  std::string version{};              ///< the program's, for whoever asks
  pid_t predecessor = 0;              ///< the master that has started this one by an upgrade and still serves

  std::function<void()> serving = [] {};  ///< called once, when the first workers are all ready
  std::function<void(ExitCode code, const std::string& why)> failed_to_start = [](auto, const auto&) {};
  std::function<void()> handed_over = [] {};  ///< a new master serves; this one finishes its requests
  std::function<void()> is_alone = [] {};     ///< the predecessor has ended
};

/// Forks, watches, replaces and ends the workers: the one loop of the master process.
class Master {
 public:
  /// Slots bound the number of workers of both generations at a reload. All references outlive the master.
  Master(Plan plan, Reload reload, ListenerPool listeners, process::Scoreboard& scoreboard, log::ErrorLog& log);
  ~Master();
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  /// To be called before run().
  void meet(Surroundings surroundings);
  /// Returns the exit code of the server when the last worker is gone. Throws BootError before anything is forked only.
  int run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace indrik::supervisor
