#pragma once

#include <algorithm>

#include "base/turns.h"
#include "worker/loop.h"

namespace indrik::worker {

/// base's turns.
class LoopTurns final : public Turns {
 public:
  explicit LoopTurns(const Loop& loop) noexcept : loop_{loop.raw()}, alarm_{loop} {
    alarm_.set<LoopTurns, &LoopTurns::on_alarm>(this);
  }
  bool turn(nanoseconds at_most) noexcept override {
    if (ev_depth(loop_) > 0) return false;
    ev_now_update(loop_);
    alarm_.start(std::max(0.0, to_tstamp(at_most)));
    // What is pending is served before the loop looks for more, which it must not wait for then.
    ev_run(loop_, ev_pending_count(loop_) > 0 ? EVRUN_NOWAIT : EVRUN_ONCE);
    alarm_.stop();
    return true;
  }

 private:
  void on_alarm(ev::timer&, int) noexcept {}  // the turn is over when it has fired

  struct ev_loop* loop_;
  ev::timer alarm_;
};

}  // namespace indrik::worker
