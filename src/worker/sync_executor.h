#pragma once

#include <deque>

#include "worker/executor.h"
#include "worker/loop.h"

namespace indrik::worker {

/// One request at a time, on the loop's thread, in the order of arrival. Between two the loop has a turn: other
/// clients are read, written and timed out however long the queue is.
class SyncExecutor final : public Executor {
 public:
  explicit SyncExecutor(Engine& engine);
  void submit(RunningExchange& exchange) noexcept override;
  void completed(RunningExchange& exchange) noexcept override;
  /// The master must not take a handler that needs longer, and has said so, for a stuck one.
  void extended(const RunningExchange& exchange, std::int64_t due_ns) noexcept override;

  /// Nobody else is served meanwhile: the handler has the loop.
  void wait(RunningExchange& exchange, Flow& flow, std::unique_lock<std::mutex>& lock) noexcept override;

  /// A conversation has the worker until it ends; requests and other conversations wait for their turn.
  void submit(StreamConnection& connection) noexcept override;
  void completed(StreamConnection& connection) noexcept override;
  /// The loop goes on, and starts no handler.
  void wait(StreamConnection& connection, stream::Conversation::Direction direction) noexcept override;

 private:
  void on_turn(ev::idle&, int) noexcept;
  void go_on() noexcept;
  void run_next_exchange() noexcept;
  void converse(StreamConnection& connection) noexcept;
  RunningExchange& take_first() noexcept;
  bool is_too_late(RunningExchange& exchange) noexcept;

  Engine& engine_;
  ev::idle turn_;
  RunningExchange* first_ = nullptr;
  RunningExchange* last_ = nullptr;
  RunningExchange* running_ = nullptr;
  std::deque<StreamConnection*> conversations_;  ///< those that wait
  StreamConnection* conversing_ = nullptr;
  bool exchange_was_last_ = true;  ///< to have its turn
};

}  // namespace indrik::worker
