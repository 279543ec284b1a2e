#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/forwarding.h"
#include "http/handler.h"
#include "net/tls_facts.h"
#include "process/running_request.h"
#include "routing/router.h"
#include "worker/body_file.h"
#include "worker/deadline_queue.h"
#include "worker/flow.h"
#include "worker/slab.h"
#include "worker/work.h"

namespace indrik::fiber {
class Fiber;
}

namespace indrik::worker {

class Connection;
class Engine;
class Executor;

/// What a trusted proxy has told of a request's client.
struct Forwarded {
  http::Forwarding told;
  std::string peer;
};

/// One request on its way through a handler: the engine's side of http::Exchange. Kept and used again.
/// Loop thread only, but for what says otherwise.
class RunningExchange final : public http::Exchange, public Work {
 public:
  explicit RunningExchange(Engine& engine) noexcept : engine_{engine}, due_{*this}, wait_{*this} {}
  virtual ~RunningExchange() = default;

  /// Loop thread, on a fiber or off. The executor hears of it first, then the connection answers.
  void complete() noexcept override;
  Timers& timers() noexcept override;

  TimePoint deadline() const noexcept override;
  Extension extend(nanoseconds from_now) noexcept override;
  bool cancelled() const noexcept override;
  bool client_gone() const noexcept override;
  std::optional<http::Tls> tls() const noexcept override;
  http::Streaming& streaming() override;
  bool answer_begun() const noexcept override;

  /// The bodies in pieces, once anybody has asked for them; null: nobody has. Any thread.
  Flow* flow() const noexcept { return flow_.load(std::memory_order_acquire); }
  /// Its body is still to come, in pieces.
  void open_body();
  void mark(LoopTurn& turn) noexcept override;
  /// What a crash report says of it, but for when it began to run.
  process::RunningRequest description() const noexcept;
  /// Bytes of its answer are on their way: whoever reports a crash must not answer any more.
  void take_over_answer() noexcept;
  /// Its connection is closed: nothing can reach the client any more. An async handler is cancelled before the loop
  /// waits again, where that is wanted.
  void lose_client() noexcept;
  /// Its async handler works for a client whose leaving ends it.
  bool ends_with_client() const noexcept;
  /// A piece of a body has moved: its deadline begins anew, without a bound. Whoever runs the handler.
  void renew() noexcept;
  /// Whoever waits for its flow is woken before the loop waits again.
  void wake_soon() noexcept;
  /// Its handler is a blocking one.
  bool may_wait() const noexcept { return blocking; }
  Executor& executor() const noexcept;

  void reset() noexcept;
  /// Nobody answers for it any more; it only waits for an executor to be done with it.
  void detach() noexcept;

  /// The request is complete: its deadline runs from now on.
  void start_clock() noexcept;
  /// It waits for its turn from now on, for the queue_timeout at most; an executor's queue holds it.
  void queue() noexcept;
  /// Its turn has come. False: it was withdrawn, and its handler must not run. Any thread, once.
  bool begin() noexcept;
  /// Its turn has not come, nor was it withdrawn.
  bool waits() const noexcept { return stage_.load(std::memory_order_acquire) == Stage::waiting; }
  /// Its handler shall not run. False: it has begun.
  bool withdraw() noexcept;
  /// It has waited for longer than the queue_timeout, whether or not the loop has had the time to notice.
  bool has_waited_too_long() const noexcept;
  /// If the deadline has passed, it is over for good: no extension any more. Any thread.
  bool give_up_if_late() noexcept;
  /// Wakes the handler out of what it waits for, so that it ends; this may be gone afterwards.
  void cancel() noexcept;
  /// The same, because its client has left.
  void abandon() noexcept;
  bool is_abandoned() const noexcept { return is_abandoned_; }

  static RunningExchange& of(Deadline& deadline) noexcept { return static_cast<OwnedDeadline&>(deadline).owner; }
  /// Its deadline, or its wait in the queue, is over.
  void expire(const DeadlineQueue& queue) noexcept;

  routing::Match match;                      ///< found: its handler answers
  Connection* connection = nullptr;          ///< whose request it is; null: withdrawn and already answered
  const net::TlsFacts* tls_facts = nullptr;  ///< of its connection; null: plain
  TimePoint began{};                         ///< set when an access log wants durations
  std::atomic<bool> client_left{false};      ///< it has closed its connection, or the sending half
  RunningExchange* next = nullptr;           ///< in an executor's queue
  std::unique_ptr<BodyFile> body_file;       ///< what request.body views, if it was too large for memory
  bool blocking = false;                     ///< the flavour of its handler that runs
  bool cancel_pending = false;               ///< the engine is going to cancel it, because its client has left
  bool wake_pending = false;                 ///< the engine is going to wake whoever waits for its flow
  bool queued = false;                       ///< an executor's queue, or its pool, holds it until it is completed
  bool given_up = false;                     ///< answered 504 while a thread of the pool has it
  fiber::Fiber* fiber = nullptr;             ///< that runs its handler
  std::unique_ptr<Forwarded> forwarded;      ///< what the request views, once a proxy has told of a client

  http::Handler& handler() const noexcept { return *match.handler(); }

 private:
  /// The exchange must be findable from the address of its deadlines alone.
  struct OwnedDeadline : Deadline {
    explicit OwnedDeadline(RunningExchange& e) noexcept : owner{e} {}
    RunningExchange& owner;
  };
  enum class Stage : std::uint8_t { waiting, running, withdrawn };
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  void on_due() noexcept;
  void reset_flow() noexcept;

  Engine& engine_;
  OwnedDeadline due_;
  OwnedDeadline wait_;
  std::atomic<std::int64_t> due_ns_{kNever};  ///< the deadline by Clock; negated when it has come to pass
  std::int64_t bound_ns_ = kNever;            ///< what it may be extended to
  std::atomic<Stage> stage_{Stage::waiting};
  std::unique_ptr<TimerRoom> extension_;  ///< made for the first extended deadline; fires when that may have come
  std::unique_ptr<Flow> owned_flow_;      ///< made by whoever runs the handler, or by the loop before it runs,
  std::atomic<Flow*> flow_{nullptr};      ///< and then shown to the other
  std::atomic<bool> unreachable_{false};
  bool is_abandoned_ = false;  ///< loop thread: only async handlers are
};

}  // namespace indrik::worker
