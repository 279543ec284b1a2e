#pragma once

#include <poll.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "control/door.h"
#include "process/signal_queue.h"
#include "supervisor/announcer.h"
#include "supervisor/backoff.h"
#include "supervisor/desk.h"
#include "supervisor/generation.h"
#include "supervisor/master.h"
#include "supervisor/quarantine.h"
#include "supervisor/recycling.h"
#include "supervisor/reloading.h"
#include "supervisor/reporter.h"
#include "supervisor/signals.h"
#include "supervisor/stall_reports.h"
#include "supervisor/upgrade.h"
#include "supervisor/workforce.h"

namespace indrik::supervisor {

/// leaving: told to stop, but drain_delay still accepts.
enum class Phase : std::uint8_t { booting, serving, leaving, stopping, stopped };

/// What the master knows and does; its loop is Master::run().
struct Master::State {
  State(Plan plan, Reload reload_plan, ListenerPool open, process::Scoreboard& scoreboard, log::ErrorLog& error_log);

  // The loop's duties, in order.
  void spawn_missing_workers();
  void wait_until_something_happens();
  void obey_signals();
  void obey_visitors();
  void judge(const Loss& loss);
  void advance_phase();
  void note_end_of_stranger(pid_t child, int wait_status);
  void advance_upgrade();
  void tell_visitors();
  void tell_service_manager();

  void obey(Command command);
  void change_workers(int difference);
  void reopen_logs();
  void upgrade_program();
  void ask_to_stop();
  void stop(ChildEvent how);
  void announce(log::Level level, const Loss& loss, std::string_view more);
  void fail_boot(const Loss& loss);
  void give_up_boot(ExitCode code, const std::string& why);
  void mourn_young(const Loss& loss);
  void change_over(Generation next);
  void note_proofs(TimePoint now);
  void begin_to_serve();
  void part_from_predecessor();
  bool some_worker_progresses() const noexcept;
  void reload_for(control::Door::Visitor visitor);
  control::Status status();

  Children& children() noexcept { return workforce.children(); }
  bool nothing_is_left() noexcept { return children().empty() && reporter.idle() && !upgrade.is_under_way(); }
  /// Of the current generation: fewer while a new one takes over, one more while one is exchanged.
  std::size_t needed() const noexcept { return reloading.old_ones_needed(wanted) + recycling.extra(); }

  Surroundings outside;
  Announcer announcer{{}};
  Desk desk{nullptr};
  ListenerPool listeners;
  log::ErrorLog& log;
  process::SignalQueue signals;
  Fd notice;
  Workforce workforce;

  Phase phase = Phase::booting;
  ExitCode exit_code = ExitCode::ok;
  Generation current;
  std::size_t wanted;  ///< workers of the current generation: the plan's number, then TTIN and TTOU
  Reloading reloading;
  Recycling recycling{workforce};
  Backoff backoff;
  Reporter reporter;
  StallReports stalls;
  Quarantine quarantine;
  Upgrade upgrade{log};
  Fd predecessor;  ///< readable when it has ended; none: there is none any more
  unsigned reloads_asked = 0;
  std::uint64_t restarts = 0;     ///< workers that have ended though nobody had told them to
  std::optional<Plan> last_good;  ///< of the generations before the current one
  TimePoint born = Clock::now();
  std::vector<pollfd> sources;  ///< of what the loop waits for; kept for its memory
  TimePoint accepts_until = TimePoint::max();
  TimePoint boots_until = TimePoint::max();  ///< for want of processes; workers have a time of their own each
};

}  // namespace indrik::supervisor
