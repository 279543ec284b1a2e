#include "worker/sync_executor.h"

#include "worker/engine.h"

namespace indrik::worker {

SyncExecutor::SyncExecutor(Engine& engine) : engine_{engine}, turn_{engine.loop()} {
  turn_.set<SyncExecutor, &SyncExecutor::on_turn>(this);
  turn_.priority = EV_MAXPRI;  // an idle watcher of the highest priority is called in every turn, busy or not
}

void SyncExecutor::submit(RunningExchange& exchange) noexcept {
  exchange.queue();
  exchange.next = nullptr;
  (last_ ? last_->next : first_) = &exchange;
  last_ = &exchange;
  if (!running_) turn_.start();
}

RunningExchange& SyncExecutor::take_first() noexcept {
  RunningExchange& exchange = *first_;
  first_ = exchange.next;
  if (!first_) last_ = nullptr;
  exchange.queued = false;
  return exchange;
}

/// A handler that held the loop has held its timers too: whoever waited meanwhile is told here. The exchange is then
/// gone, as it is when it was withdrawn before.
bool SyncExecutor::is_too_late(RunningExchange& exchange) noexcept {
  if (!exchange.connection) {
    exchange.complete();
    return true;
  }
  if (exchange.give_up_if_late()) {
    exchange.connection->time_out();
    return true;
  }
  if (engine_.is_held_up() && exchange.connection->leave_if_given_up()) return true;
  if (!exchange.has_waited_too_long()) return false;
  exchange.withdraw();
  exchange.connection->refuse_waiting();
  return true;
}

void SyncExecutor::on_turn(ev::idle&, int) noexcept {
  turn_.stop();
  RunningExchange* exchange = nullptr;
  do {
    if (!first_) return;
    exchange = &take_first();
  } while (is_too_late(*exchange));
  running_ = exchange;
  if (!exchange->handler().can_block()) return start_on_loop(engine_.turn(), *exchange);
  exchange->begin();
  exchange->blocking = true;
  {
    const RunningMark mark{engine_.turn(), *exchange};
    exchange->handler().handle(*exchange);
  }
  exchange->complete();
}

void SyncExecutor::completed(RunningExchange& exchange) noexcept {
  if (running_ != &exchange) return;
  running_ = nullptr;
  if (first_) turn_.start();
}

void SyncExecutor::extended(const RunningExchange& exchange, std::int64_t due_ns) noexcept {
  if (running_ != &exchange || !exchange.handler().can_block()) return;
  const auto beat = due_ns - nanoseconds{engine_.options().timeout}.count();  // until then all is well
  engine_.slot().heartbeat_ns.store(beat, std::memory_order_relaxed);
}

void SyncExecutor::wait(RunningExchange& exchange, Flow&, std::unique_lock<std::mutex>& lock) noexcept {
  lock.unlock();
  exchange.connection->await_progress();
  lock.lock();
}

}  // namespace indrik::worker
