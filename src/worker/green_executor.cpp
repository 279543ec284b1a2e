#include "worker/green_executor.h"

#include "fiber/hooks.h"
#include "worker/engine.h"

namespace indrik::worker {

GreenExecutor::GreenExecutor(Engine& engine, std::size_t stack_size)
    : engine_{engine}, fibers_{stack_size, engine.timers()} {
  // Named here so that the hooks are part of every program that has green workers.
  engine.log().debug("green: {} system calls are cooperative", fiber::hooked_symbols().size());
}

void GreenExecutor::submit(RunningExchange& exchange) noexcept {
  if (!exchange.handler().can_block()) return exchange.handler().start(exchange);
  const RunningMark mark{engine_.slot(), exchange};  // until it parks: what is stuck is stuck before that
  const auto started =
      fibers_.start({[](void* context) noexcept {
                       auto& self = *static_cast<RunningExchange*>(context);
                       self.handler().handle(self);
                     },
                     [](void* context) noexcept { static_cast<RunningExchange*>(context)->complete(); }, &exchange});
  if (started) return;
  engine_.log().error("{}", started.error().text());
  exchange.response.set_plain(503, "Service Unavailable\n");
  exchange.complete();
}

}  // namespace indrik::worker
