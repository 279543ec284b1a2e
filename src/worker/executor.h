#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "process/running_request.h"
#include "worker/loop_turn.h"
#include "worker/running_exchange.h"
#include "worker/stream_connection.h"
#include "worker/worker.h"

namespace indrik::worker {

class Engine;

/// Where handlers run: the whole difference between the worker classes. Loop thread only.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Sees to it that the exchange's handler runs, now or later; exchange.complete() follows, on the loop's thread and
  /// off any fiber, possibly before this returns.
  virtual void submit(RunningExchange& exchange) noexcept = 0;
  /// complete() was called on an exchange that was submitted; it is about to be answered.
  virtual void completed(RunningExchange&) noexcept {}
  /// A handler has moved its exchange's deadline. On whatever thread or fiber it runs.
  virtual void extended(const RunningExchange&, std::int64_t /*due_ns*/) noexcept {}
  /// Its client has been told that its time is over; its handler runs on where it cannot be stopped.
  virtual void given_up(RunningExchange&) noexcept {}
  /// A blocking handler waits until its flow has moved, or for a while; `lock` is the flow's. Where the handler runs.
  virtual void wait(RunningExchange& exchange, Flow& flow, std::unique_lock<std::mutex>& lock) noexcept = 0;
  /// A handler has written or read something: its connection looks at once, if it is on this thread, or soon.
  virtual void flow_changed(RunningExchange& exchange) noexcept;

  // The same for conversations. finish() follows submit(), on the loop's thread and off any fiber.
  virtual void submit(StreamConnection& connection) noexcept = 0;
  /// It has ended; its last bytes may still be on their way.
  virtual void completed(StreamConnection&) noexcept {}
  /// A blocking handler waits until something can be moved, or it is of no use to wait any longer.
  virtual void wait(StreamConnection& connection, stream::Conversation::Direction direction) noexcept = 0;

  /// Once a second.
  virtual void on_heartbeat() noexcept {}

  /// Handlers still run where they cannot be stopped (threads): the process must end without waiting for them.
  virtual bool is_stuck() const noexcept { return false; }
};

std::unique_ptr<Executor> make_executor(const Options& options, Engine& engine);

/// Says what the calling thread runs, for crash reports, while this object lives. For threads beside the loop's.
class ThreadMark {
 public:
  explicit ThreadMark(const RunningExchange& exchange) noexcept;
  ~ThreadMark() { process::mark_running(nullptr); }
  ThreadMark(const ThreadMark&) = delete;
  ThreadMark& operator=(const ThreadMark&) = delete;

 private:
  process::RunningRequest running_;
};

/// The sentence about a running request for the scoreboard, what ThreadMark says, and the beat of the pulse, while this
/// object lives. Loop thread.
class RunningMark {
 public:
  RunningMark(LoopTurn& turn, RunningExchange& exchange) noexcept : turn_{turn} { set(turn, exchange); }
  ~RunningMark() { clear(turn_); }
  static void set(LoopTurn& turn, RunningExchange& exchange) noexcept;
  static void clear(LoopTurn& turn) noexcept;
  RunningMark(const RunningMark&) = delete;
  RunningMark& operator=(const RunningMark&) = delete;

 private:
  LoopTurn& turn_;
};

/// Starts an async handler, marked as running while it has the loop.
void start_on_loop(LoopTurn& turn, RunningExchange& exchange) noexcept;

}  // namespace indrik::worker
