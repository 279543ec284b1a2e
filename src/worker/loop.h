#pragma once

// libev's C++ interface, with the warnings of its macros kept out.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wshadow"
#include <ev++.h>
#pragma GCC diagnostic pop

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/clock.h"
#include "base/timers.h"
#include "worker/edges.h"
#include "worker/loop_turn.h"
#include "worker/timer_wheel.h"

namespace indrik::worker {

inline ev_tstamp to_tstamp(nanoseconds duration) noexcept { return std::chrono::duration<ev_tstamp>(duration).count(); }

/// One libev loop on epoll, made after the fork. One thread. libev calls this process's own epoll_ctl and epoll_wait,
/// which give it what it has not: edges (see Edges), and waits that end when a timer is due, not up to a millisecond
/// later.
class Loop {
 public:
  /// Throws BootError when epoll is not to be had.
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  struct ev_loop* raw() const noexcept {
    return loop_;
  }
  operator ev::loop_ref() const noexcept { return ev::loop_ref{loop_}; }

  void run() noexcept { ev_run(loop_, 0); }
  void stop() noexcept {
    stopped_ = true;
    ev_break(loop_, EVBREAK_ALL);
  }
  /// From inside a turn: one more, for who holds the loop and waits for something. False: stop() was called, and run()
  /// ends when the turn that this was called from does.
  bool turn() noexcept {
    // What is pending is served before the loop looks for more, which it must not wait for then.
    if (!stopped_) ev_run(loop_, ev_pending_count(loop_) > 0 ? EVRUN_NOWAIT : EVRUN_ONCE);
    return !stopped_;
  }
  /// The sockets that this loop watches for edges.
  Edges& edges() noexcept { return edges_; }
  const Edges& edges() const noexcept { return edges_; }
  static constexpr std::int64_t kNoTimer = std::numeric_limits<std::int64_t>::max();
  /// When the next timer is due (monotonic_ns()), beside those that libev knows by the millisecond.
  void end_waits_at(std::int64_t due_ns) noexcept { waits_end_ns_ = due_ns; }
  /// As epoll_wait(2), for libev.
  int wait(int set, epoll_event* events, int room, int timeout_ms) noexcept;
  /// The loop's own idea of the time: the start of this turn. Cheap.
  ev_tstamp now() const noexcept { return ev_now(loop_); }

 private:
  std::optional<int> wait_exactly(int set, epoll_event* events, int room, int timeout_ms) noexcept;

  struct ev_loop* loop_;
  Edges edges_;
  std::int64_t waits_end_ns_ = kNoTimer;
  bool has_exact_waits_ = true;  ///< the kernel knows them, as far as is known
  bool stopped_ = false;
};

/// base's timers on the loop; each lives in its TimerRoom. One timer of libev stands for all: in its heap, thousands of
/// them would cost a look at several others, all over the memory, whenever one fires.
class LoopTimers final : public Timers {
 public:
  /// `turn`, if any, hears of every timer that fires.
  explicit LoopTimers(Loop& loop, LoopTurn* turn = nullptr) noexcept;
  ~LoopTimers();
  LoopTimers(const LoopTimers&) = delete;
  LoopTimers& operator=(const LoopTimers&) = delete;

  void start(TimerRoom& room, nanoseconds delay, void (*fired)(void* context) noexcept,
             void* context) noexcept override;
  void cancel(TimerRoom& room) noexcept override;

 private:
  static void on_timer(struct ev_loop*, ev_timer* timer, int) noexcept;
  void fire(void* room) noexcept;
  void arm(TimerWheel::Tick tick) noexcept;

  Loop& loop_;
  LoopTurn* turn_;
  ev_timer timer_{};
  TimerWheel::Tick armed_for_ = TimerWheel::kNever;
  TimerWheel wheel_;
};

}  // namespace indrik::worker
