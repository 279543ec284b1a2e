// How a connection ends, and how it is known that its client has left it.
#include <sys/socket.h>

#include "net/receipt.h"
#include "worker/connection.h"
#include "worker/engine.h"
#include "worker/gauge.h"

namespace indrik::worker {
namespace {

using Waiting = http::ServerSession::Waiting;

/// Who ends its sending half later than this after its request does not wait for the answer any more.
constexpr milliseconds kGivesUpAfter{100};

// Sent by a signal handler: ready before it is needed. RFC 9110 6.6.1 leaves Date out of a 5xx at will.
constexpr std::string_view kAborted =
    "HTTP/1.1 504 Gateway Timeout\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 16\r\n"
    "Connection: close\r\n\r\nGateway Timeout\n";
constexpr std::string_view kAbortedHead = kAborted.substr(0, kAborted.find("\r\n\r\n") + 4);

}  // namespace

void Connection::drain() noexcept {
  if (waiting_ != Waiting::idle && waiting_ != Waiting::first_byte) return;
  if (engine_.options().drain_idle <= milliseconds::zero()) return close();
  engine_.deadlines().idle.enter(deadline_);
}

/// Ends the sending side and reads on until the client has taken everything and ended its own: closing at once, with
/// input unread, would let the kernel destroy the answer on its way (RFC 9112 9.6).
void Connection::linger() noexcept {
  const bool waits = engine_.options().linger_timeout > milliseconds::zero();
  if (input_ended_ || !waits) return close();
  waiting_ = Waiting::nothing;
  if (!stream_.end_sending()) {
    if (!net::Stream::would_block()) return close();
    return await_taking();
  }
  lingering_ = true;
  engine_.deadlines().linger.enter(deadline_);
  await_ready(ev::READ);
  discard_input();
}

void Connection::discard_input() noexcept {
  const ssize_t size = take_input();
  if (size == 0 || (size < 0 && !net::Stream::would_block())) close();
}

void Connection::close(bool reset) noexcept {
  if (reset) stream_.reset_on_close();
  watch_.stop();
  deadline_.clear();
  if (stream_) engine_.edges().remove(stream_.fd());
  stream_.close();
  be_heard();
  kept_.reset();
  if (!exchange_) return engine_.bury(*this);
  exchange_->take_over_answer();  // the descriptor's number will be another's
  exchange_->lose_client();
  if (!exchange_->withdraw()) return;  // its handler works on what stands here
  add(engine_.slot().in_flight, -1U);
  forget_request();
}

void Connection::describe_client(process::RunningRequest& request) const noexcept {
  const bool answers = !timed_out_ && !turned_away_ && !answer_begun_;
  if (!outbox_.empty() || !answers || stream_.tls() != nullptr) return;
  request.client = stream_.fd();
  if (pumping_ != nullptr) request.before = *pumping_;
  request.last_answer = request.method == "HEAD" ? kAbortedHead : kAborted;
}

bool Connection::leave_if_given_up() noexcept {
  const bool ended = input_ended_ || stream_.peek() == 0;
  if (!ended || sent_since_receipt_ || net::from_receipt_to_end(stream_.fd()) < kGivesUpAfter) return false;
  close();
  return true;
}

bool Connection::is_left() const noexcept {
  if (!stream_ || input_ended_) return true;
  const ssize_t size = stream_.peek();
  return size == 0 || (size < 0 && !net::Stream::would_block());
}

}  // namespace indrik::worker
