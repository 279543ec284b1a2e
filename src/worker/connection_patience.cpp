// What a connection does about a client that is too slow.
#include "net/unsent.h"
#include "worker/connection.h"
#include "worker/engine.h"

namespace indrik::worker {

LeastRate Connection::least_body_rate() const noexcept {
  const auto& options = engine_.options();
  return {.least = options.min_body_rate, .grace = options.body_timeout};
}

/// A piece has come that was waited for. What it waited for in turn, while the loop was held, is not its client's
/// fault.
void Connection::measure_body(std::size_t size) noexcept {
  const auto rate = least_body_rate();
  if (rate.grace <= milliseconds::zero()) return;  // no deadline tells since when
  const nanoseconds waited{coarse_monotonic_ns() - deadline_.due_ns() + nanoseconds{rate.grace}.count()};
  body_pace_.add(size, std::max(waited - unread_for_, nanoseconds::zero()), rate);
}

/// Each byte comes in time, and all of them would take for ever.
void Connection::refuse_dribble() noexcept {
  engine_.complain_of_slowness(origin_.name(), "sends its body more slowly than min_body_rate");
  refuse_body();
}

/// The body takes too long. A handler that reads it is told, and answers; else it is we who do.
void Connection::refuse_body() noexcept {
  deadline_.clear();
  waiting_ = http::ServerSession::Waiting::nothing;
  if (exchange_) return stop_reading_body(http::ParseError::body_timed_out);
  answer_refusal(http::ParseError::body_timed_out);
}

void Connection::answer_refusal(http::ParseError error) noexcept {
  std::string out = engine_.take_scratch();
  refuse(error, out);
  write(out);
  engine_.give_back_scratch(std::move(out));
  if (stream_) settle();
}

/// The socket takes no more: the client must. Looks at it from time to time; that it is writable is progress as well,
/// and is seen by the next look.
void Connection::await_taking() noexcept {
  auto& looks = engine_.deadlines().write;
  await_ready(ev::WRITE);
  waiting_ = http::ServerSession::Waiting::nothing;
  if (deadline_.queue() == &looks) return;
  uptake_.begin();
  looks.enter(deadline_);
}

void Connection::look_at_taking() noexcept {
  const auto& options = engine_.options();
  const auto taken = static_cast<std::int64_t>(outbox_.sent()) - net::unsent(stream_.fd());
  const LeastRate rate{.least = options.min_write_rate, .grace = options.write_timeout};
  switch (uptake_.look(taken, nanoseconds{coarse_monotonic_ns()}, rate)) {
    case Uptake::Verdict::fine:
      return engine_.deadlines().write.enter(deadline_);
    case Uptake::Verdict::stalled:
      engine_.complain_of_slowness(origin_.name(), "takes nothing of its answer");
      break;
    case Uptake::Verdict::too_slow:
      engine_.complain_of_slowness(origin_.name(), "takes its answer more slowly than min_write_rate");
      break;
  }
  close(true);
}

}  // namespace indrik::worker
