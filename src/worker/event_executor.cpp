#include "worker/event_executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "worker/engine.h"

namespace indrik::worker {

EventExecutor::EventExecutor(Engine& engine, std::size_t threads)
    : engine_{engine}, wake_{engine.loop()}, threads_{threads}, pool_{threads} {
  wake_.set<EventExecutor, &EventExecutor::on_finished>(this);
  wake_.start();
}

void EventExecutor::submit(RunningExchange& exchange) noexcept {
  if (exchange.handler().can_be_async()) return start_on_loop(engine_.turn(), exchange);
  ++in_pool_;
  exchange.queue();
  exchange.blocking = true;  // before a thread has it: the loop reads it meanwhile
  const bool taken = pool_.submit([this, &exchange] {
    if (exchange.begin()) {
      const ThreadMark mark{exchange};
      exchange.handler().handle(exchange);
    }
    {
      const std::lock_guard lock{mutex_};
      finished_.push_back(&exchange);
    }
    wake_.send();
  });
  if (taken) return;
  --in_pool_;
  engine_.log().error("cannot start a thread for {} {}", exchange.request.method, exchange.request.path);
  exchange.response.set_plain(503, "Service Unavailable\n");
  exchange.complete();
}

/// Without a thread that is free this worker can run async handlers only, and nothing tells that it ever will again.
void EventExecutor::given_up(RunningExchange& exchange) noexcept {
  if (!exchange.queued || std::exchange(exchange.given_up, true) || ++given_up_ < threads_) return;
  engine_.retire(fmt::format("all {} threads are held by handlers whose timeout has passed", threads_));
}

void EventExecutor::wait(RunningExchange&, Flow& flow, std::unique_lock<std::mutex>& lock) noexcept {
  flow.wait_in_thread(lock);
}

void EventExecutor::flow_changed(RunningExchange& exchange) noexcept {
  if (!exchange.queued) return Executor::flow_changed(exchange);
  {
    const std::lock_guard lock{mutex_};
    if (std::ranges::find(changed_, &exchange) != changed_.end()) return;
    changed_.push_back(&exchange);
  }
  wake_.send();
}

void EventExecutor::on_finished(ev::async&, int) noexcept {
  {
    const std::lock_guard lock{mutex_};
    completing_.swap(finished_);
    looking_at_.swap(changed_);
    finishing_.swap(ended_);
  }
  for (RunningExchange* const exchange : looking_at_)
    if (exchange->connection) exchange->connection->serve_flow();
  looking_at_.clear();
  for (RunningExchange* const exchange : completing_) {
    --in_pool_;
    if (exchange->given_up) --given_up_;
    exchange->complete();
  }
  completing_.clear();
  for (StreamConnection* const connection : finishing_) {
    --in_pool_;
    connection->finish();
  }
  finishing_.clear();
}

void EventExecutor::submit(StreamConnection& connection) noexcept {
  if (connection.handler().can_be_async()) return connection.start_on_loop();
  ++in_pool_;
  connection.queue();
  connection.leave_loop();
  const bool taken = pool_.submit([this, &connection] {
    if (connection.begin()) {
      connection.mark(engine_.turn());
      connection.handler().serve(connection);
      process::mark_running(nullptr);
    }
    {
      const std::lock_guard lock{mutex_};
      ended_.push_back(&connection);
    }
    wake_.send();
  });
  if (taken) return;
  --in_pool_;
  engine_.log().error("cannot start a thread for stream {}", connection.handler().name());
  connection.refuse();
}

void EventExecutor::wait(StreamConnection& connection, stream::Conversation::Direction direction) noexcept {
  connection.wait_in_thread(direction);
}

}  // namespace indrik::worker
