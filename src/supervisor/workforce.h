#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "log/error_log.h"
#include "process/scoreboard.h"
#include "process/signal_queue.h"
#include "supervisor/children.h"
#include "supervisor/master.h"

namespace indrik::supervisor {

/// A child that has ended.
struct Loss {
  Child child;
  int wait_status = 0;
  TimePoint when;
  std::string sentence;  ///< "worker 2 (pid 4711) was killed by SIGKILL after 12.3 s"
};

/// The hands of the master: forks workers, reads their slots, signals and reaps them. What to do when is the master's.
/// All references outlive it.
class Workforce {
 public:
  Workforce(process::Scoreboard& scoreboard, process::SignalQueue& signals, int notice_fd, log::ErrorLog& log)
      : scoreboard_{scoreboard},
        signals_{signals},
        notice_fd_{notice_fd},
        log_{log},
        children_{scoreboard.slots().size()} {}

  /// Forks one worker into a vacant slot; there must be one. Fails with fork's errno.
  Result<void> spawn(const WorkerMain& worker_main, std::uint32_t generation, std::span<net::Listener> listeners,
                     const Patience& patience);
  /// Notes the heartbeats, who has become ready, and who retires by itself.
  void read_slots(const Patience& patience);
  /// Collects every child that has ended and frees their slots.
  std::vector<Loss> reap();
  /// Signals those who have run out of time, and logs it.
  void hurry_overdue(const Patience& patience);

  void tell(Child& child, ChildEvent event, const Patience& patience);
  void tell_all(ChildEvent event, const Patience& patience);
  /// Says in every slot that the whole server stops; for those who are told to retire next, or have been already.
  void announce_stop() noexcept;
  /// Sends a signal that changes nobody's state.
  void forward(int signal) const noexcept;

  Children& children() noexcept { return children_; }

 private:
  void read_slot(Child& child, const Patience& patience);
  std::string name_of(const Child& child) const;
  std::string occupation_of(const Child& child) const;
  void log_impatience(const Child& child, ChildEvent event, TimePoint now);
  Loss loss_of(const Child& child, int wait_status) const;

  process::Scoreboard& scoreboard_;
  process::SignalQueue& signals_;
  int notice_fd_;
  log::ErrorLog& log_;
  Children children_;
};

}  // namespace indrik::supervisor
