#include "worker/green_executor.h"

#include "fiber/hooks.h"
#include "worker/engine.h"

namespace indrik::worker {

GreenExecutor::GreenExecutor(Engine& engine, std::size_t stack_size)
    : engine_{engine},
      fibers_{stack_size,
              engine.services(),
              {.entering =
                   [](void* slot, void* task) noexcept {
                     RunningMark::set(*static_cast<process::Slot*>(slot), *static_cast<RunningExchange*>(task));
                   },
               .leaving = [](void* slot) noexcept { RunningMark::clear(*static_cast<process::Slot*>(slot)); },
               .observer = &engine.slot()}} {
  // Named here so that the hooks are part of every program that has green workers.
  engine.log().debug("green: {} system calls are cooperative", fiber::hooked_symbols().size());
}

void GreenExecutor::submit(RunningExchange& exchange) noexcept {
  if (!exchange.handler().can_block()) return start_on_loop(engine_.slot(), exchange);
  exchange.begin();
  exchange.blocking = true;
  const auto started =
      fibers_.start({[](void* context) noexcept {
                       auto& self = *static_cast<RunningExchange*>(context);
                       self.fiber = fiber::current();
                       self.handler().handle(self);
                       self.fiber = nullptr;
                     },
                     [](void* context) noexcept { static_cast<RunningExchange*>(context)->complete(); }, &exchange});
  if (started) return;
  engine_.log().error("{}", started.error().text());
  exchange.response.set_plain(503, "Service Unavailable\n");
  exchange.complete();
}

void GreenExecutor::wait(RunningExchange&, Flow& flow, std::unique_lock<std::mutex>& lock) noexcept {
  flow.wait_in_fiber(lock);
}

}  // namespace indrik::worker
