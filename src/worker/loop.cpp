#include "worker/loop.h"

#include <algorithm>
#include <new>

#include "base/error.h"

namespace indrik::worker {

Loop::Loop() : loop_{ev_loop_new(static_cast<unsigned>(EVBACKEND_EPOLL) | static_cast<unsigned>(EVFLAG_NOENV))} {
  if (!loop_) throw BootError{ExitCode::run_failed, "cannot make an event loop on epoll"};
}

Loop::~Loop() { ev_loop_destroy(loop_); }

namespace {

struct Entry {
  ev_timer timer;
  void (*fired)(void* context) noexcept;
  void* context;
  LoopTurn* turn;
  const process::RunningRequest* starter;
};
static_assert(sizeof(Entry) <= sizeof(TimerRoom) && alignof(Entry) <= alignof(TimerRoom));

}  // namespace

void LoopTimers::on_fired(struct ev_loop*, ev_timer* timer, int) noexcept {
  auto* const entry = static_cast<Entry*>(timer->data);
  auto* const turn = entry->turn;
  if (turn) turn->slot.heartbeat_ns.store(coarse_monotonic_ns(), std::memory_order_relaxed);
  const bool is_plugins = turn && entry->starter;
  if (is_plugins) turn->enter(entry->starter);
  entry->fired(entry->context);  // may end the room
  if (is_plugins) turn->leave();
}

void LoopTimers::start(TimerRoom& room, nanoseconds delay, void (*fired)(void* context) noexcept,
                       void* context) noexcept {
  auto* const entry = new (room.bytes) Entry{};
  entry->fired = fired;
  entry->context = context;
  entry->turn = turn_;
  entry->starter = LoopTurn::starter();
  // The loop's clock stands still during a turn: without the update a handler that computed first would wake early.
  ev_now_update(loop_);
  ev_timer_init(&entry->timer, on_fired, std::max(0.0, to_tstamp(delay)), 0.0);
  entry->timer.data = entry;
  ev_timer_start(loop_, &entry->timer);
}

void LoopTimers::cancel(TimerRoom& room) noexcept {
  // A room that was never started is zeroed, which libev reads as "not active".
  ev_timer_stop(loop_, &std::launder(reinterpret_cast<Entry*>(room.bytes))->timer);
}

}  // namespace indrik::worker
