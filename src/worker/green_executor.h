#pragma once

#include <cstddef>

#include "fiber/fiber.h"
#include "worker/executor.h"

namespace indrik::worker {

/// A blocking handler runs in a fiber on the loop's thread: what it waits for parks the fiber. Async ones run on the
/// loop.
class GreenExecutor final : public Executor {
 public:
  GreenExecutor(Engine& engine, std::size_t stack_size);
  void submit(RunningExchange& exchange) noexcept override;

  void wait(RunningExchange& exchange, Flow& flow, std::unique_lock<std::mutex>& lock) noexcept override;

 private:
  Engine& engine_;
  fiber::FiberPool fibers_;
};

}  // namespace indrik::worker
