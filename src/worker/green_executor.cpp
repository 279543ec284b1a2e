#include "worker/green_executor.h"

#include <utility>

#include "fiber/file_offload.h"
#include "fiber/hooks.h"
#include "process/stall_watch.h"
#include "worker/engine.h"

namespace indrik::worker {
namespace {

constexpr seconds kComplaintPause{10};
constexpr std::size_t kNearlyFull = 70;  // per cent of a stack

fiber::Observer marking(LoopTurn& turn) noexcept {
  return {
      .entering = [](void* of, void* task) noexcept { static_cast<Work*>(task)->mark(*static_cast<LoopTurn*>(of)); },
      .leaving = [](void* of) noexcept { RunningMark::clear(*static_cast<LoopTurn*>(of)); },
      .parking_with_locks =
          [](void* of, int locks) noexcept {
            if (auto* const watch = static_cast<LoopTurn*>(of)->watch)
              watch->note_locks(static_cast<std::uint32_t>(locks));
          },
      .observer = &turn};
}

void* work_of(Work& work) noexcept { return &work; }
template <class Kind>
Kind& of(void* work) noexcept {
  return static_cast<Kind&>(*static_cast<Work*>(work));
}

}  // namespace

GreenExecutor::GreenExecutor(Engine& engine, std::size_t stack_size)
    : engine_{engine}, fibers_{stack_size, engine.services(), marking(engine.turn())} {
  fiber::offload_files(engine.options().file_offload);
  // Named here so that the hooks are part of every program that has green workers.
  engine.log().debug("green: {} system calls are cooperative", fiber::hooked_symbols().size());
  if (engine.options().connections > fibers_.most())
    engine.log().warning(
        "there is room for {} fibers, fewer than worker_connections ({}): requests beyond are answered 503; raise "
        "vm.max_map_count to twice as many and some thousands",
        fibers_.most(), engine.options().connections);
}

GreenExecutor::~GreenExecutor() {
  engine_.log().debug("green: {} fibers at once at most, stacks used up to {} of {} KiB",
                      engine_.slot().most_fibers.load(std::memory_order_relaxed), fibers_.deepest_stack() / 1024,
                      fibers_.stack_size() / 1024);
}

void GreenExecutor::submit(RunningExchange& exchange) noexcept {
  if (!exchange.handler().can_block()) return start_on_loop(engine_.turn(), exchange);
  exchange.begin();
  exchange.blocking = true;
  const auto started =
      fibers_.start({[](void* context) noexcept {
                       auto& self = of<RunningExchange>(context);
                       const auto about = self.description();
                       fiber::show(&about);
                       self.fiber = fiber::current();
                       self.handler().handle(self);
                       self.fiber = nullptr;
                     },
                     [](void* context) noexcept { of<RunningExchange>(context).complete(); }, work_of(exchange)});
  if (!started) return refuse(exchange, started.error());
  tell_use();
}

/// Of requests and conversations; those who got no fiber.
void GreenExecutor::complain(const Error& reason) noexcept {
  process::increment(engine_.slot().refused);
  ++refused_;
  if (Clock::now() < next_complaint_) return;
  next_complaint_ = Clock::now() + kComplaintPause;
  engine_.log().error("{}: answered 503 ({} such requests since the last such line)", reason.text(),
                      std::exchange(refused_, 0));
}

void GreenExecutor::refuse(RunningExchange& exchange, const Error& reason) noexcept {
  complain(reason);
  exchange.response.set_plain(503, "Service Unavailable\n");
  exchange.complete();
}

void GreenExecutor::completed(RunningExchange& exchange) noexcept {
  if (exchange.blocking) tell_use();
}

void GreenExecutor::tell_use() noexcept {
  auto& slot = engine_.slot();
  const auto active = static_cast<std::uint32_t>(fibers_.active());
  slot.fibers.store(active, std::memory_order_relaxed);
  if (active > slot.most_fibers.load(std::memory_order_relaxed))
    slot.most_fibers.store(active, std::memory_order_relaxed);
  const auto deepest = fibers_.deepest_stack();
  if (deepest <= slot.deepest_stack.load(std::memory_order_relaxed)) return;
  slot.deepest_stack.store(deepest, std::memory_order_relaxed);
  if (has_warned_ || deepest * 100 < fibers_.stack_size() * kNearlyFull) return;
  has_warned_ = true;
  engine_.log().warning("a handler has used {} of the {} KiB of a fiber's stack: see fiber_stack_size", deepest / 1024,
                        fibers_.stack_size() / 1024);
}

void GreenExecutor::wait(RunningExchange&, Flow& flow, std::unique_lock<std::mutex>& lock) noexcept {
  flow.wait_in_fiber(lock);
}

void GreenExecutor::submit(StreamConnection& connection) noexcept {
  if (!connection.handler().can_block()) return connection.start_on_loop();
  connection.begin();
  const auto started = fibers_.start({[](void* context) noexcept {
                                        auto& self = of<StreamConnection>(context);
                                        self.handler().serve(self);
                                      },
                                      [](void* context) noexcept { of<StreamConnection>(context).finish(); },
                                      work_of(connection), connection.running()});
  if (started) return tell_use();
  complain(started.error());
  connection.refuse();
}

void GreenExecutor::completed(StreamConnection& connection) noexcept {
  if (connection.handler().can_block()) tell_use();
}

void GreenExecutor::wait(StreamConnection& connection, stream::Conversation::Direction direction) noexcept {
  connection.on_ready(
      direction, [](void* fiber) { fiber::resume(*static_cast<fiber::Fiber*>(fiber)); }, fiber::current());
  fiber::park();
}

}  // namespace indrik::worker
