#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "fiber/fiber.h"
#include "worker/executor.h"

namespace indrik::worker {

/// A blocking handler runs in a fiber on the loop's thread: what it waits for parks the fiber. Async ones run on the
/// loop.
class GreenExecutor final : public Executor {
 public:
  GreenExecutor(Engine& engine, std::size_t stack_size);
  ~GreenExecutor() override;
  void submit(RunningExchange& exchange) noexcept override;
  void completed(RunningExchange& exchange) noexcept override;

  void wait(RunningExchange& exchange, Flow& flow, std::unique_lock<std::mutex>& lock) noexcept override;
  void submit(StreamConnection& connection) noexcept override;
  void completed(StreamConnection& connection) noexcept override;
  void wait(StreamConnection& connection, stream::Conversation::Direction direction) noexcept override;
  void on_heartbeat() noexcept override { fibers_.shrink(); }

 private:
  void refuse(RunningExchange& exchange, const Error& reason) noexcept;
  void complain(const Error& reason) noexcept;
  void tell_use() noexcept;

  Engine& engine_;
  fiber::FiberPool fibers_;
  TimePoint next_complaint_{};  ///< about the lack of fibers
  std::uint64_t refused_ = 0;   ///< since the last one
  bool has_warned_ = false;     ///< of stacks that are nearly full
};

}  // namespace indrik::worker
