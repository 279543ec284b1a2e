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
  go_on();
}

void SyncExecutor::go_on() noexcept {
  if (!running_ && !conversing_ && (first_ || !conversations_.empty())) turn_.start();
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
  if (conversations_.empty() || (first_ && !exchange_was_last_)) return run_next_exchange();
  exchange_was_last_ = false;
  auto& connection = *conversations_.front();
  conversations_.pop_front();
  converse(connection);
}

void SyncExecutor::run_next_exchange() noexcept {
  exchange_was_last_ = true;
  RunningExchange* exchange = nullptr;
  do {
    if (!first_) return go_on();
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
  go_on();
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

void SyncExecutor::submit(StreamConnection& connection) noexcept {
  connection.queue();
  conversations_.push_back(&connection);
  go_on();
}

void SyncExecutor::converse(StreamConnection& connection) noexcept {
  if (!connection.begin()) return connection.finish();
  conversing_ = &connection;
  connection.hold_worker();
  if (!connection.handler().can_block()) return connection.start_on_loop();
  connection.mark(engine_.turn());
  connection.handler().serve(connection);
  RunningMark::clear(engine_.turn());
  connection.finish();
}

void SyncExecutor::completed(StreamConnection& connection) noexcept {
  if (conversing_ == &connection) conversing_ = nullptr;
  go_on();
}

void SyncExecutor::wait(StreamConnection& connection, stream::Conversation::Direction direction) noexcept {
  bool woken = false;
  RunningMark::clear(engine_.turn());
  connection.on_ready(
      direction, [](void* flag) { *static_cast<bool*>(flag) = true; }, &woken);
  while (!woken) {
    if (engine_.turn_once()) continue;
    connection.on_ready(direction, nullptr, nullptr);
    connection.give_up();
    break;
  }
  connection.mark(engine_.turn());
}

}  // namespace indrik::worker
