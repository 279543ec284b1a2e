#pragma once

#include <atomic>

#include "base/clock.h"
#include "http/handler.h"
#include "process/running_request.h"
#include "routing/router.h"

namespace indrik::worker {

class Connection;
class Engine;

/// One request on its way through a handler: the engine's side of http::Exchange. Kept and used again.
class RunningExchange final : public http::Exchange {
 public:
  explicit RunningExchange(Engine& engine) noexcept : engine_{engine} {}
  virtual ~RunningExchange() = default;

  /// Loop thread, on a fiber or off. The executor hears of it first, then the connection answers.
  void complete() noexcept override;
  Timers& timers() noexcept override;

  void reset() noexcept;

  routing::Match match;                ///< found: its handler answers
  Connection* connection = nullptr;    ///< whose request it is; never null while running
  TimePoint began{};                   ///< set when an access log wants durations
  std::atomic<bool> abandoned{false};  ///< the client has gone: a handler that has not begun need not
  process::RunningRequest running;     ///< what a crash report says, while its handler has a thread
  RunningExchange* next = nullptr;     ///< in an executor's queue

  http::Handler& handler() const noexcept { return *match.handler(); }

 private:
  Engine& engine_;
};

}  // namespace indrik::worker
