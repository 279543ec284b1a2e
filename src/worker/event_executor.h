#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "worker/executor.h"
#include "worker/loop.h"
#include "worker/thread_pool.h"

namespace indrik::worker {

/// Async handlers run on the loop, blocking ones in a pool of threads beside it.
class EventExecutor final : public Executor {
 public:
  EventExecutor(Engine& engine, std::size_t threads);
  void submit(RunningExchange& exchange) noexcept override;
  void given_up(RunningExchange& exchange) noexcept override;
  void wait(RunningExchange& exchange, Flow& flow, std::unique_lock<std::mutex>& lock) noexcept override;
  void flow_changed(RunningExchange& exchange) noexcept override;
  void submit(StreamConnection& connection) noexcept override;
  void wait(StreamConnection& connection, stream::Conversation::Direction direction) noexcept override;
  bool is_stuck() const noexcept override { return in_pool_ > 0; }

 private:
  void on_finished(ev::async&, int) noexcept;

  Engine& engine_;
  ev::async wake_;
  std::mutex mutex_;
  std::vector<RunningExchange*> changed_;     ///< whose flows the pool's threads have moved, each before it is finished
  std::vector<RunningExchange*> looking_at_;  ///< the loop's, kept for its memory
  std::vector<RunningExchange*> finished_;    ///< by the pool's threads, to be completed by the loop
  std::vector<RunningExchange*> completing_;  ///< the loop's, kept for its memory
  std::vector<StreamConnection*> ended_;      ///< conversations, by the pool's threads, to be finished by the loop
  std::vector<StreamConnection*> finishing_;  ///< the loop's, kept for its memory
  const std::size_t threads_;
  std::size_t given_up_ = 0;  ///< of in_pool_: they hold a thread beyond their deadline
  std::size_t in_pool_ = 0;   ///< submitted to the pool and not yet completed
  ThreadPool pool_;           ///< last: its threads use what stands above
};

}  // namespace indrik::worker
