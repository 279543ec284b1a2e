// What the engine does around every handler: deadlines, timers, and the mark by which the master sees the request.
#include <benchmark/benchmark.h>

#include <memory>

#include "log/error_log.h"
#include "micro/silent_handler.h"
#include "process/scoreboard.h"
#include "routing/router.h"
#include "worker/deadline_queue.h"
#include "worker/engine.h"
#include "worker/loop.h"

namespace {

using namespace indrik;
using benchmark::State;

/// Of a connection, with a thousand others in the queue.
void deadline(State& state) {
  const worker::Loop loop;
  worker::DeadlineQueue queue{loop, seconds{75}, [](auto&, const auto&) {}};
  std::vector<worker::Deadline> others(1000);
  for (auto& other : others) queue.enter(other);
  worker::Deadline own;
  for (auto _ : state) {
    queue.enter(own);
    own.clear();
  }
}
BENCHMARK(deadline)->Name("worker/a deadline entered and cleared");

/// A handler's own, such as a sleep, with a thousand others that run.
void timer(State& state) {
  worker::Loop loop;
  worker::LoopTimers timers{loop};
  std::vector<TimerRoom> others(1000);
  const auto nothing = [](void*) noexcept {};
  for (auto& other : others) timers.start(other, milliseconds{100}, nothing, nullptr);
  TimerRoom own;
  for (auto _ : state) {
    timers.start(own, milliseconds{100}, nothing, nullptr);
    timers.cancel(own);
  }
  for (auto& other : others) timers.cancel(other);
}
BENCHMARK(timer)->Name("worker/a timer started and cancelled");

/// In the scoreboard, for crash reports and for the stall watch.
void mark(State& state) {
  auto scoreboard = process::Scoreboard::create(1);
  auto log = log::ErrorLog::open("/dev/null", log::Level::error);
  routing::Router router;
  if (!scoreboard || !log || !router.add("GET", "/health", std::make_unique<bench::SilentHandler>()))
    return state.SkipWithError("no engine");
  worker::Engine engine{{}, {.listeners = {}, .router = router, .slot = scoreboard->slots()[0], .log = *log}};
  auto exchange = engine.take_exchange();
  exchange->request.method = "GET";
  exchange->request.path = "/health";
  router.find("GET", "/health", exchange->match);
  for (auto _ : state) const worker::RunningMark running{engine.turn(), *exchange};
}
BENCHMARK(mark)->Name("worker/a request marked as running in the scoreboard");

}  // namespace
