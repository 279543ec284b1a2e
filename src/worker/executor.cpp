#include "worker/executor.h"

#include <algorithm>
#include <cstring>

#include "worker/connection.h"
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

void Executor::flow_changed(RunningExchange& exchange) noexcept { exchange.connection->serve_flow(); }

namespace {

/// Texts one behind the other in a buffer of fixed size; what does not fit is cut.
class FixedText {
 public:
  template <class... Parts>
  explicit FixedText(const Parts&... parts) noexcept {
    (put(parts), ...);
  }
  std::string_view view() const noexcept { return {text_, static_cast<std::size_t>(end_ - text_)}; }

 private:
  void put(std::string_view part) noexcept {
    const auto size = std::min(part.size(), static_cast<std::size_t>(text_ + sizeof text_ - end_));
    if (size == 0) return;
    std::memcpy(end_, part.data(), size);
    end_ += size;
  }

  char text_[sizeof process::Slot::running_what];
  char* end_ = text_;
};

}  // namespace

void RunningExchange::mark(LoopTurn& turn) noexcept { RunningMark::set(turn, *this); }

// On the way of every request: no formatting library.
void RunningMark::set(LoopTurn& turn, RunningExchange& exchange) noexcept {
  const FixedText what{exchange.request.method, " ", exchange.request.path, exchange.handler().place()};
  process::mark_running(nullptr);  // another's may be marked, whose handler has led here
  turn.work = &exchange;
  turn.running = exchange.description();
  const auto now = coarse_monotonic_ns();
  turn.running.since_ns = now;
  if (exchange.connection) exchange.connection->describe_client(turn.running);
  process::mark_running(&turn.running);
  // Whoever begins another handler is not stuck, however long those before it took together.
  turn.slot.heartbeat_ns.store(now, std::memory_order_relaxed);
  process::begin_running(turn.slot, what.view(), now);
  turn.pulse.enter();
}

void RunningMark::clear(LoopTurn& turn) noexcept {
  turn.pulse.leave();
  process::end_running(turn.slot);
  process::mark_running(nullptr);
  turn.work = nullptr;
}

// The loop answers for it when its time is over.
ThreadMark::ThreadMark(const RunningExchange& exchange) noexcept : running_{exchange.description()} {
  running_.since_ns = coarse_monotonic_ns();
  process::mark_running(&running_);
}

void start_on_loop(LoopTurn& turn, RunningExchange& exchange) noexcept {
  exchange.begin();
  const RunningMark mark{turn, exchange};
  exchange.handler().start(exchange);  // the exchange may be gone when it returns
}

}  // namespace indrik::worker
