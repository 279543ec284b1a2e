#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "log/error_log.h"
#include "process/scoreboard.h"
#include "process/signal_queue.h"
#include "supervisor/children.h"
#include "supervisor/generation.h"
#include "supervisor/listener_pool.h"

namespace indrik::supervisor {

/// A worker that has ended.
struct Loss {
  Child child;
  int wait_status = 0;
  TimePoint when;
  std::unique_ptr<process::CrashRecord> crash;  ///< what it told of its end; null: nothing
  bool in_order = false;                        ///< it came to its own end, with whatever code
  std::uint32_t connections = 0;
  std::uint32_t in_flight = 0;
  std::string running;   ///< what its loop's thread was busy with, in words; empty: nothing
  std::string sentence;  ///< "worker 2 (pid 4711) was killed by SIGKILL after 12.3 s", with its last words
};

/// The hands of the master: forks workers, reads their slots, signals and reaps them. What to do when is the master's.
/// All references outlive it.
class Workforce {
 public:
  Workforce(process::Scoreboard& scoreboard, process::SignalQueue& signals, ListenerPool& listeners, int notice_fd,
            log::ErrorLog& log)
      : scoreboard_{scoreboard},
        signals_{signals},
        listeners_{listeners},
        notice_fd_{notice_fd},
        log_{log},
        children_{scoreboard.slots().size()} {}

  /// Forks one worker into a vacant slot; there must be one. Fails with fork's errno.
  Result<void> spawn(const Generation& generation);
  /// Notes the heartbeats, who has become ready, who asks to retire, and who does so by itself.
  void read_slots();
  /// Collects every child that has ended and frees the slots of workers. `stranger` hears of children that are no
  /// workers.
  std::vector<Loss> reap(const std::function<void(pid_t child, int wait_status)>& stranger);
  /// Signals those who have run out of time, and logs it.
  void hurry_overdue();

  void tell(Child& child, ChildEvent event);
  /// Has one that asks for it retire, and says so.
  void let_go(Child& child);
  void tell_all(ChildEvent event);
  /// Says in every slot that nobody comes after its worker; for those who are told to retire next, or have been
  /// already.
  void announce_stop() noexcept;
  /// The same for one child.
  void announce_end(const Child& child) noexcept;
  /// Sends a signal that changes nobody's state.
  void forward(int signal) const noexcept;

  std::span<const process::Slot> slots() const noexcept { return scoreboard_.slots(); }
  Children& children() noexcept { return children_; }
  const Children& children() const noexcept { return children_; }

 private:
  void read_slot(Child& child);
  std::string name_of(const Child& child) const;
  std::string running_in(const Child& child) const;
  std::string occupation_of(const Child& child) const;
  void log_impatience(const Child& child, ChildEvent event, TimePoint now);
  Loss loss_of(const Child& child, int wait_status) const;

  process::Scoreboard& scoreboard_;
  process::SignalQueue& signals_;
  ListenerPool& listeners_;
  int notice_fd_;
  log::ErrorLog& log_;
  Children children_;
};

}  // namespace indrik::supervisor
