#include "worker/running_exchange.h"

#include <algorithm>

#include "fiber/fiber.h"
#include "worker/engine.h"

namespace indrik::worker {

void RunningExchange::complete() noexcept {
  if (fiber::current()) return engine_.complete_soon(*this);  // what follows may start fibers, which a fiber cannot
  queued = false;
  take_over_answer();
  engine_.executor().completed(*this);
  if (!connection) return engine_.end_withdrawn(*this);
  connection->answer(*this);
}

void RunningExchange::take_over_answer() noexcept {
  if (auto& turn = engine_.turn(); turn.work == this) turn.running.client = -1;
}

process::RunningRequest RunningExchange::description() const noexcept {
  return {.method = request.method, .path = request.path, .route = handler().route(), .plugin = handler().plugin()};
}

Timers& RunningExchange::timers() noexcept { return engine_.timers(); }

void RunningExchange::start_clock() noexcept {
  const auto& options = engine_.options();
  if (options.timeout <= milliseconds::zero()) return;
  engine_.deadlines().request.enter(due_);
  due_ns_.store(due_.due_ns(), std::memory_order_relaxed);
  const auto more = std::max(milliseconds::zero(), options.max_timeout - options.timeout);
  bound_ns_ = due_.due_ns() + nanoseconds{more}.count();
}

void RunningExchange::queue() noexcept {
  queued = true;
  engine_.deadlines().queue.enter(wait_);
}

bool RunningExchange::begin() noexcept {
  auto expected = Stage::waiting;
  return stage_.compare_exchange_strong(expected, Stage::running, std::memory_order_acq_rel);
}

bool RunningExchange::withdraw() noexcept {
  auto expected = Stage::waiting;
  return stage_.compare_exchange_strong(expected, Stage::withdrawn, std::memory_order_acq_rel);
}

bool RunningExchange::has_waited_too_long() const noexcept {
  return wait_.queue() != nullptr && wait_.due_ns() <= monotonic_ns();
}

TimePoint RunningExchange::deadline() const noexcept {
  const auto due = due_ns_.load(std::memory_order_relaxed);
  if (due == kNever) return TimePoint::max();
  return TimePoint{std::chrono::duration_cast<Clock::duration>(nanoseconds{due < 0 ? -due : due})};
}

bool RunningExchange::cancelled() const noexcept {
  if (is_abandoned_) return true;
  const auto due = due_ns_.load(std::memory_order_relaxed);
  return due < 0 || (due != kNever && due <= monotonic_ns());
}

http::Exchange::Extension RunningExchange::extend(nanoseconds from_now) noexcept {
  auto due = due_ns_.load(std::memory_order_relaxed);
  if (due == kNever) return Extension::granted;
  const auto now = monotonic_ns();
  const auto asked = from_now.count() > bound_ns_ - now ? bound_ns_ : now + from_now.count();
  const bool bounded = from_now.count() > bound_ns_ - now;
  do {
    if (due < 0 || due <= now) return Extension::too_late;
    if (asked <= due) break;
  } while (!due_ns_.compare_exchange_weak(due, asked, std::memory_order_relaxed));
  engine_.executor().extended(*this, std::max(asked, due));
  return bounded ? Extension::at_bound : Extension::granted;
}

http::Streaming& RunningExchange::streaming() {
  if (Flow* const made = flow()) return *made;
  owned_flow_ = std::make_unique<Flow>(*this, request.body);
  flow_.store(owned_flow_.get());
  // The loop, should it be on another thread, looks for a flow after it has set either of these.
  if (unreachable_.load()) owned_flow_->lose_client();
  if (cancelled()) owned_flow_->cancel();
  return *owned_flow_;
}

bool RunningExchange::answer_begun() const noexcept {
  const Flow* const made = flow();
  return made != nullptr && made->begun();
}

void RunningExchange::open_body() {
  streaming();
  flow()->open_body();
}

void RunningExchange::reset_flow() noexcept {
  if (flow_.exchange(nullptr, std::memory_order_relaxed) != nullptr) owned_flow_.reset();
}

void RunningExchange::lose_client() noexcept {
  client_left.store(true, std::memory_order_relaxed);
  unreachable_.store(true);
  if (Flow* const made = flow_.load()) made->lose_client();
  if (ends_with_client()) engine_.cancel_soon(*this);
}

bool RunningExchange::ends_with_client() const noexcept {
  return engine_.options().cancel_on_disconnect && !blocking &&
         stage_.load(std::memory_order_relaxed) == Stage::running;
}

void RunningExchange::renew() noexcept {
  auto due = due_ns_.load(std::memory_order_relaxed);
  if (due == kNever) return;
  const auto now = monotonic_ns();
  const auto renewed = now + nanoseconds{engine_.options().timeout}.count();
  do {
    if (due <= now || renewed <= due) return;  // negative: it has come to pass
  } while (!due_ns_.compare_exchange_weak(due, renewed, std::memory_order_relaxed));
  engine_.executor().extended(*this, renewed);
}

void RunningExchange::wake_soon() noexcept { engine_.wake_soon(*this); }
Executor& RunningExchange::executor() const noexcept { return engine_.executor(); }

bool RunningExchange::give_up_if_late() noexcept {
  auto due = due_ns_.load(std::memory_order_relaxed);
  if (due == kNever) return false;
  const auto now = monotonic_ns();
  do {
    if (due < 0) return true;
    if (due > now) return false;
  } while (!due_ns_.compare_exchange_weak(due, -due, std::memory_order_relaxed));
  return true;
}

bool RunningExchange::client_gone() const noexcept {
  if (client_left.load(std::memory_order_relaxed)) return true;
  // A thread of the pool must not touch the connection, but while it runs the loop is there to see the client leave.
  return !queued && connection && connection->is_left();
}

std::optional<http::Tls> RunningExchange::tls() const noexcept {
  if (tls_facts == nullptr) return std::nullopt;
  http::Tls tls{.version = tls_facts->version,
                .cipher = tls_facts->cipher,
                .server_name = tls_facts->server_name,
                .protocol = tls_facts->protocol,
                .is_resumed = tls_facts->is_resumed,
                .client = {}};
  if (const auto& client = tls_facts->client)
    tls.client = {.is_present = true,
                  .is_verified = client->is_verified,
                  .subject = client->subject,
                  .issuer = client->issuer,
                  .serial = client->serial,
                  .fingerprint_sha256 = client->fingerprint_sha256,
                  .pem = client->pem};
  return tls;
}

void RunningExchange::abandon() noexcept {
  is_abandoned_ = true;
  cancel();
}

void RunningExchange::cancel() noexcept {
  if (Flow* const made = flow_.load()) made->cancel();
  if (fiber) return fiber::cancel(*fiber);
  if (blocking) return cancel_watches.fire();  // a thread has it, and with it the mark
  const RunningMark mark{engine_.turn(), *this};
  cancel_watches.fire();
}

void RunningExchange::expire(const DeadlineQueue& queue) noexcept {
  if (&queue == &engine_.deadlines().request) return on_due();
  if (withdraw()) connection->refuse_waiting();
}

void RunningExchange::on_due() noexcept {
  if (give_up_if_late()) return connection->time_out();
  if (!extension_) extension_ = std::make_unique<TimerRoom>();
  const nanoseconds left{due_ns_.load(std::memory_order_relaxed) - monotonic_ns()};
  engine_.timers().start(
      *extension_, left, [](void* self) noexcept { static_cast<RunningExchange*>(self)->on_due(); }, this);
}

void RunningExchange::detach() noexcept {
  due_.clear();
  wait_.clear();
  if (extension_) engine_.timers().cancel(*extension_);
  connection = nullptr;
}

void RunningExchange::reset() noexcept {
  detach();
  request = {};
  tls_facts = nullptr;
  response.reset();
  failure.clear();
  cancel_watches = {};
  due_ns_.store(kNever, std::memory_order_relaxed);
  bound_ns_ = kNever;
  stage_.store(Stage::waiting, std::memory_order_relaxed);
  reset_flow();
  unreachable_.store(false, std::memory_order_relaxed);
  body_file.reset();
  next = nullptr;
  fiber = nullptr;
  blocking = false;
  queued = false;
  is_abandoned_ = false;
  given_up = false;
  client_left.store(false, std::memory_order_relaxed);
}

}  // namespace indrik::worker
