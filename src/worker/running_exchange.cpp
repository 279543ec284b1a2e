#include "worker/running_exchange.h"

#include "worker/engine.h"

namespace indrik::worker {

void RunningExchange::complete() noexcept {
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
}

}  // namespace indrik::worker
