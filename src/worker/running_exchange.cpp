#include "worker/running_exchange.h"

#include "fiber/fiber.h"
#include "worker/engine.h"

namespace indrik::worker {

void RunningExchange::complete() noexcept {
  if (fiber::current()) return engine_.complete_soon(*this);  // what follows may start fibers, which a fiber cannot
  engine_.executor().completed(*this);
  connection->answer(*this);
}

Timers& RunningExchange::timers() noexcept { return engine_.timers(); }

void RunningExchange::reset() noexcept {
  request = {};
  response.reset();
  failure.clear();
  connection = nullptr;
  next = nullptr;
  abandoned.store(false, std::memory_order_relaxed);
}

}  // namespace indrik::worker
