#include "worker/sync_executor.h"

#include "worker/engine.h"

namespace indrik::worker {

SyncExecutor::SyncExecutor(Engine& engine) : engine_{engine}, turn_{engine.loop()} {
  turn_.set<SyncExecutor, &SyncExecutor::on_turn>(this);
  turn_.priority = EV_MAXPRI;  // an idle watcher of the highest priority is called in every turn, busy or not
}

void SyncExecutor::submit(RunningExchange& exchange) noexcept {
  exchange.next = nullptr;
  (last_ ? last_->next : first_) = &exchange;
  last_ = &exchange;
  if (!running_) turn_.start();
}

void SyncExecutor::on_turn(ev::idle&, int) noexcept {
  turn_.stop();
  RunningExchange& exchange = *first_;
  first_ = exchange.next;
  if (!first_) last_ = nullptr;
  running_ = &exchange;
  if (!exchange.handler().can_block()) return start_on_loop(engine_.slot(), exchange);
  if (!exchange.abandoned.load(std::memory_order_relaxed)) {
    const RunningMark mark{engine_.slot(), exchange};
    exchange.handler().handle(exchange);
  }
  exchange.complete();
}

void SyncExecutor::completed(RunningExchange& exchange) noexcept {
  if (running_ != &exchange) return;
  running_ = nullptr;
  if (first_) turn_.start();
}

}  // namespace indrik::worker
