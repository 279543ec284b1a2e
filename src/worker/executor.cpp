#include "worker/executor.h"

#include <fmt/format.h>

#include "worker/event_executor.h"
#include "worker/green_executor.h"
#include "worker/sync_executor.h"

namespace indrik::worker {

std::unique_ptr<Executor> make_executor(const Options& options, Engine& engine) {
  switch (options.worker_class) {
    case WorkerClass::event:
      return std::make_unique<EventExecutor>(engine, options.threads);
    case WorkerClass::green:
      return std::make_unique<GreenExecutor>(engine, options.fiber_stack_size);
    case WorkerClass::sync:
      break;
  }
  return std::make_unique<SyncExecutor>(engine);
}

RunningMark::RunningMark(process::Slot& slot, const RunningExchange& exchange) noexcept : slot_{slot} {
  char what[sizeof slot.running_what];
  const auto& handler = exchange.handler();
  const auto end = fmt::format_to_n(what, sizeof what, "{} {} (route {}, plugin {})", exchange.request.method,
                                    exchange.request.path, handler.route(), handler.plugin());
  process::begin_running(slot, {what, static_cast<std::size_t>(end.out - what)}, monotonic_ns());
}

}  // namespace indrik::worker
