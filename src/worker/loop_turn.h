#pragma once

#include "base/clock.h"
#include "base/guest.h"
#include "process/pulse.h"
#include "process/running_request.h"
#include "process/scoreboard.h"

namespace indrik::process {
class StallWatch;
}

namespace indrik::worker {

class Work;

/// What the loop's thread is busy with, for those who look from outside: the master, the stall watch, crash reports.
/// Loop thread only.
struct LoopTurn final : Guest {
  explicit LoopTurn(process::Slot& own) noexcept : slot{own} {}

  /// A callback has the thread, for the plugin that asked for it.
  void enter(std::string_view plugin) noexcept override { enter(process::mark_of_plugin(plugin)); }
  void enter(const process::RunningRequest* mark) noexcept {
    process::mark_running(mark);
    pulse.enter();
  }
  void leave() noexcept override {
    pulse.leave();
    process::mark_running(nullptr);
  }

  /// On whose behalf something is started just now that will call back later: the plugin whose handler or callback
  /// runs. Null: the server's own.
  static const process::RunningRequest* starter() noexcept {
    const auto* const running = process::marked_running();
    return running == nullptr ? nullptr : process::mark_of_plugin(running->plugin);
  }

  process::Slot& slot;
  process::Pulse pulse;
  process::RunningRequest running;       ///< of the handler that has the thread: see RunningMark
  const Work* work = nullptr;            ///< whose `running` that is
  process::StallWatch* watch = nullptr;  ///< null: nobody watches
};

}  // namespace indrik::worker
