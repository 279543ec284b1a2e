#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "supervisor/child_table.h"

namespace indrik::supervisor {

/// How long the master waits for a child in each state. Its generation's own: two live side by side at a reload.
struct Patience {
  milliseconds silence{0};                      ///< between two heartbeats; 0: for ever
  milliseconds start{0};                        ///< until ready; 0: for ever
  milliseconds graceful{0};                     ///< that a retiring worker allows itself
  static constexpr milliseconds kQuick{1'000};  ///< from SIGQUIT or SIGABRT to SIGKILL
  /// From the end of a retiring worker's own patience to SIGKILL: it gives up by itself, runs its stop hooks and writes
  /// its logs.
  static constexpr milliseconds kOrderlyEnd{1'000};
};

/// One worker as the master sees it.
struct Child {
  pid_t pid = 0;
  std::size_t slot = 0;
  std::uint32_t generation = 0;
  Patience patience;
  ChildState state = ChildState::starting;
  TimePoint born;
  std::optional<TimePoint> ready_at;
  TimePoint heartbeat;                    ///< as last read from its slot
  bool asks_to_retire = false;            ///< as last read from its slot
  TimePoint deadline = TimePoint::max();  ///< of its present state
  std::string_view worker_class{};        ///< its plan's
  std::uint64_t requests_before = 0;      ///< of its slot when it was born

  /// Starting or serving, and not asked to end.
  bool is_active() const noexcept { return state == ChildState::starting || state == ChildState::ready; }
};

/// All living workers and what is due for them. Pure bookkeeping: no system call, and time is passed in, so that a
/// child's whole life is tested without a fork.
class Children {
 public:
  struct Due {
    pid_t pid;
    ChildEvent event;
  };

  explicit Children(std::size_t slots) : slots_{slots} { all_.reserve(slots); }

  /// A slot without a child; none: the scoreboard is full.
  std::optional<std::size_t> vacant_slot() const noexcept;
  void add(pid_t pid, std::size_t slot, std::uint32_t generation, const Patience& patience, TimePoint now);
  /// Null: not ours. Valid until add() or remove().
  Child* find(pid_t pid) noexcept;
  void remove(pid_t pid) noexcept;

  /// Moves the child on by the table and sets its new deadline; returns the signal to send, 0: none.
  static int apply(Child& child, ChildEvent event, TimePoint now) noexcept;

  /// Who has run out of time, at most one event a child.
  std::vector<Due> overdue(TimePoint now) const;
  /// When overdue() will next have something to say, if nothing changes.
  TimePoint next_deadline() const noexcept;

  std::size_t active(std::uint32_t generation) const noexcept;
  /// Those whose place needs nobody else: the active ones, and who is being aborted before it was ready. Its successor
  /// waits for its end, which says how soon to try again.
  std::size_t placed(std::uint32_t generation) const noexcept;
  std::size_t ready(std::uint32_t generation) const noexcept;
  /// The longest-living active child of the generation: who goes first when there are too many.
  Child* oldest_active(std::uint32_t generation) noexcept;
  /// The longest-living ready child of the generation that asks to retire; null: none.
  Child* oldest_that_asks(std::uint32_t generation) noexcept;
  /// Those of other generations.
  std::size_t strangers(std::uint32_t generation) const noexcept;

  bool empty() const noexcept { return all_.empty(); }
  std::size_t slots() const noexcept { return slots_; }
  std::vector<Child>& all() noexcept { return all_; }
  const std::vector<Child>& all() const noexcept { return all_; }

 private:
  std::size_t slots_;
  std::vector<Child> all_;
};

/// Whether a child that ended with `wait_status` died young, which makes the next fork wait: before it was ready, or by
/// its own fault within `youth` of that. One that was told to end, or that somebody killed from outside, did not.
bool died_young(const Child& child, int wait_status, TimePoint now, milliseconds youth = milliseconds{1'000}) noexcept;

}  // namespace indrik::supervisor
