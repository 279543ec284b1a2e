// What a connection does for bodies that pass in pieces: into files, to and from handlers that are at work.
#include <poll.h>

#include <algorithm>

#include "worker/access_record.h"
#include "worker/connection.h"
#include "worker/engine.h"

namespace indrik::worker {
namespace {

using Step = http::ServerSession::Step;

/// So much of one answer is sent in one turn of the loop, however fast its client is: others wait.
constexpr std::size_t kStreamedInTurn = 256 * 1024;

}  // namespace

/// Where the request would go, as far as its head tells.
routing::Match& Connection::preview(const http::Request& request) noexcept {
  auto& match = engine_.scratch_match();
  exchange_ = engine_.take_exchange();
  exchange_->request = request;
  origin_.describe(exchange_->request);
  heed_proxy();  // may change the path; what it refuses is refused again by dispatch()
  engine_.router().find(request.method, exchange_->request.path, match);
  engine_.give_back(std::move(exchange_));
  return match;
}

/// The head is there, the body is not. Who would not be served is told so now; who streams begins now.
void Connection::look_at_head(const http::Request& request, std::string& out) noexcept {
  const auto& match = preview(request);
  if (turned_away_ || match.outcome() != routing::Match::Outcome::found) return dispatch({request}, out);
  if (!match.handler()->streams_body()) return;
  http::Request streamed;
  session_.take_in_pieces(streamed, false);
  dispatch({.request = streamed, .streams = true}, out);
}

void Connection::keep_in_file(std::string& out) noexcept {
  auto file = BodyFile::create(engine_.options().body_directory, engine_.body_space());
  if (!file) return answer_unkept(file.error(), out);
  kept_ = std::make_unique<KeptBody>(KeptBody{.request = {}, .file = std::move(*file)});
  session_.take_in_pieces(kept_->request, true);
}

void Connection::keep_piece(std::string& out) noexcept {
  const auto piece = session_.piece();
  if (!engine_.body_space().has_room(piece.size())) return refuse_for_space(out);
  if (const auto kept = kept_->file.append(piece); !kept) answer_unkept(kept.error(), out);
}

void Connection::dispatch_kept(const http::Request& request, std::string& out) noexcept {
  const auto body = kept_->file.view();
  if (!body) return answer_unkept(body.error(), out);
  const auto kept = std::move(kept_);
  kept->request.body = *body;
  kept->request.trailers = request.trailers;
  dispatch({.request = kept->request, .body_file = &kept->file}, out);
}

/// There is no room for its body, and that is not the client's fault.
void Connection::answer_unkept(const Error& reason, std::string& out) noexcept {
  engine_.log().error("{}", reason.text());
  http::Response response;
  response.set_plain(500, "Internal Server Error\n");
  answer_instead_of_body(std::move(response), out);
}

/// Bodies in files take all that they may: that passes.
void Connection::refuse_for_space(std::string& out) noexcept {
  engine_.log().debug("{}: no room for a body within max_body_space", origin_.name());
  process::increment(engine_.slot().refused);
  http::Response response;
  response.set_plain(503, "Service Unavailable\n");
  response.add_field("Retry-After", std::to_string(engine_.retry_after().count()));
  answer_instead_of_body(std::move(response), out);
}

void Connection::answer_instead_of_body(http::Response response, std::string& out) noexcept {
  http::Request request;
  session_.take_in_pieces(request, false);
  exchange_ = engine_.take_exchange();
  exchange_->request = request;
  exchange_->response = std::move(response);
  append_answer(out, true);
  kept_.reset();
}

/// Gives the handler what has come of the body, as far as it has room.
void Connection::take_body(std::string& out) noexcept {
  Flow& flow = *exchange_->flow();
  if (flow.wants_body()) session_.ask_for_body();
  http::Request at_end;
  while (flow.takes_body() && flow.has_room()) {
    switch (session_.advance(at_end)) {
      case Step::piece:
        flow.push(session_.piece());
        break;
      case Step::body_end:
        exchange_->request.trailers = at_end.trailers;
        flow.end_body();
        break;
      case Step::send_continue:
        if (!answer_begun_) out += http::ServerSession::kContinue;
        break;
      case Step::error:
        flow.fail_body();
        break;
      default:
        return;
    }
  }
}

/// What the handler has written since the last time, as it is sent.
void Connection::gather_flow(std::string& out) noexcept {
  const auto outgoing = exchange_->flow()->take();
  // What a crash report would have sent before its answer moves when this follows it.
  if (!outgoing.hints.empty() && pumping_ != nullptr) exchange_->take_over_answer();
  for (std::string_view hints = outgoing.hints; !hints.empty();) {
    const auto size = hints.find("\r\n\r\n") + 2;
    session_.inform(103, hints.substr(0, size), out);
    hints.remove_prefix(size + 2);
  }
  if (outgoing.begun && !std::exchange(answer_begun_, true)) {
    exchange_->take_over_answer();
    session_.begin_answer(exchange_->response, framing(false), out);
  }
  session_.continue_answer(outgoing.bytes, out);
  streamed_ += outgoing.bytes.size();
}

/// Sends what there is, unless enough waits to be sent already.
void Connection::send_flow(std::string& out) noexcept {
  if (outbox_.empty() && streamed_ < kStreamedInTurn) gather_flow(out);
}

void Connection::serve_flow() noexcept {
  if (!stream_ || timed_out_) return;
  const bool pumped = pumping_ != nullptr;
  std::string own;
  if (!pumped) own = engine_.take_scratch();
  std::string& out = pumped ? *pumping_ : own;
  if (exchange_->flow()->takes_body()) take_body(out);
  send_flow(out);
  if (!out.empty() && (!pumped || out.size() >= Engine::kReadBuffer)) write(out);
  if (!pumped) engine_.give_back_scratch(std::move(own));
  if (!stream_) return;
  if (streamed_ >= kStreamedInTurn && !awaits(ev::WRITE)) await_taking();
  if (!pumped) settle();
}

/// The handler has ended: what it has written is the answer, all of it.
void Connection::end_streamed(std::string& out) noexcept {
  gather_flow(out);
  const Flow& flow = *exchange_->flow();
  const bool cut = session_.answer_is_short();
  if (flow.too_long() && exchange_->failure.empty())
    log_failure("the answer went beyond its declared length: the rest was dropped");
  if (cut) log_failure("the answer is shorter than its declared length: the connection is reset");
  if (cut || !exchange_->failure.empty()) {
    write(out);  // answers to requests before this one may wait in it
    abort_streamed();
    engine_.give_back(std::move(exchange_));
    return engine_.bury(*this);
  }
  record_access(engine_, *exchange_, exchange_->response);
  count_answer(engine_.slot(), exchange_->response.status());
  session_.end_answer(exchange_->response, out);
  engine_.give_back(std::move(exchange_));
  answer_begun_ = false;
  waiting_ = http::ServerSession::Waiting::nothing;
  body_pace_ = {};
}

/// The handler could not go on because its client did not: that client is told what was wrong with its body.
void Connection::fail_streamed(std::string& out) noexcept {
  engine_.give_back(std::move(exchange_));
  refuse(session_.error(), out);
}

/// Half an answer is on its way: the client must see that there is no more.
void Connection::abort_streamed() noexcept {
  record_access(engine_, *exchange_, exchange_->response);
  count_answer(engine_.slot(), exchange_->response.status());
  if (stream_) close(true);
}

void Connection::stop_reading_body(http::ParseError error) noexcept {
  session_.abandon_body(error);
  exchange_->flow()->fail_body();
  settle();
}

/// The client is to take something, or the socket is: there is more than what fits, or than one turn may send.
bool Connection::awaits_taking() const noexcept { return !outbox_.empty() || streamed_ >= kStreamedInTurn; }

void Connection::await_progress() noexcept {
  if (pumping_ && !pumping_->empty()) write(*pumping_);
  if (!stream_) return;
  const Flow& flow = *exchange_->flow();
  const bool reads = !input_ended_ && flow.takes_body() && flow.has_room();
  const bool writes = awaits_taking();
  const auto& options = engine_.options();
  const auto patience = writes ? options.write_timeout / Uptake::kLooks : options.body_timeout;
  pollfd waiting{.fd = stream_.fd(), .events = 0, .revents = 0};
  if (reads) waiting.events |= POLLIN;
  if (writes) waiting.events |= POLLOUT;
  const auto left = std::chrono::ceil<milliseconds>(
      std::min<nanoseconds>(patience > milliseconds::zero() ? nanoseconds{patience} : nanoseconds::max(),
                            exchange_->deadline() - Clock::now()));
  const int ready = ::poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000)));
  if (ready == 0) return lose_patience();
  if (writes && patience > milliseconds::zero() && deadline_.due_ns() <= coarse_monotonic_ns()) look_at_taking();
  if (!stream_) return;
  if ((waiting.revents & POLLOUT) != 0) send_more();
  if (stream_ && (waiting.revents & ~POLLOUT) != 0 && receive()) serve_flow();
}

/// Nothing has moved in time.
void Connection::lose_patience() noexcept {
  if (exchange_->give_up_if_late()) return time_out();
  if (awaits_taking()) return look_at_taking();
  stop_reading_body(http::ParseError::body_timed_out);
}

}  // namespace indrik::worker
