#include "worker/connection.h"

#include <fmt/format.h>

#include <cerrno>

#include "http/response_writer.h"
#include "net/receipt.h"
#include "net/tls_stream.h"
#include "worker/access_record.h"
#include "worker/engine.h"
#include "worker/gauge.h"

namespace indrik::worker {
namespace {

using Step = http::ServerSession::Step;
using Waiting = http::ServerSession::Waiting;

/// Above this much input that no request has claimed yet, a connection is not read until its answers are out.
constexpr std::size_t kReadAhead = 64 * 1024;
/// Answers to pipelined requests gather up to here before they are written.
constexpr std::size_t kWriteBatch = 64 * 1024;
/// In the access log only: nginx's number for a client that did not wait for its answer.
constexpr int kClientLeft = 499;

/// Says that there is no room, before any handler ran.
void set_refusal(Engine& engine, http::Response& response) {
  process::increment(engine.slot().refused);
  response.set_plain(503, "Service Unavailable\n");
  response.add_field("Retry-After", std::to_string(engine.retry_after().count()));
}

void set_timeout(Engine& engine, http::Response& response) {
  process::increment(engine.slot().timed_out);
  response.set_plain(504, "Gateway Timeout\n");
}

}  // namespace

Connection::Connection(Engine& engine, net::Stream stream, std::string peer)
    : engine_{engine},
      stream_{std::move(stream)},
      origin_{std::move(peer)},
      session_{engine.options().limits},
      watch_{engine.loop()},
      deadline_{*this},
      shaking_hands_{stream_.tls() != nullptr} {
  watch_.set<Connection, &Connection::on_ready>(this);
}

Connection& Connection::of(Deadline& deadline) noexcept { return static_cast<OwnedDeadline&>(deadline).owner; }

void Connection::open() noexcept {
  add(engine_.slot().expected, 1);
  await_ready(ev::READ);
  if (origin_.pending()) return wait_for_more();
  believe_script_name();
  begin_session();
}

void Connection::begin_session() noexcept {
  if (!shaking_hands_) return wait_for_more();
  engine_.deadlines().handshake.enter(deadline_);
}

/// It is no longer only expected to say something.
void Connection::be_heard() noexcept {
  if (!std::exchange(unheard_, false)) return;
  add(engine_.slot().expected, -1U);
}

/// The request has mostly come with its connection, or while that waited.
void Connection::look_for_request() noexcept {
  if (auto* const preamble = origin_.pending()) return read_preamble(*preamble);
  if (shaking_hands_) return shake_hands();
  if (receive()) pump();
}

/// Anew, even if nothing changes: what was told of and not yet heard is forgotten with the watch as it was, and the
/// kernel looks again.
void Connection::watch(int events) noexcept {
  watch_.stop();
  watch_.start(stream_.fd(), events);
}

void Connection::await_ready(int event) noexcept {
  if (!awaits(event)) watch(watch_.is_active() ? ev::READ | ev::WRITE : event);
}

void Connection::ignore_ready(int event) noexcept {
  if (!awaits(event)) return;
  const int rest = watched() & ~event;
  rest != 0 ? watch(rest) : watch_.stop();
}

void Connection::on_ready(ev::io&, int events) noexcept {
  if ((events & ev::READ) != 0) on_readable();
  if ((events & ev::WRITE) != 0 && awaits(ev::WRITE)) on_writable();
}

void Connection::on_readable() noexcept {
  if (lingering_) return discard_input();
  look_for_request();
}

/// As Stream::receive(), into the engine's buffer.
ssize_t Connection::take_input() noexcept {
  const ssize_t size = stream_.receive(engine_.read_buffer(), Engine::kReadBuffer);
  const bool is_full = size == static_cast<ssize_t>(Engine::kReadBuffer);
  if (is_full || (size != 0 && engine_.edges().may_hold_more(stream_.fd()))) look_again();
  return size;
}

/// There may be more, of which the kernel has told already: in the next turn it is to tell again. Where reading is not
/// awaited now, it will when it is.
void Connection::look_again() noexcept {
  if (awaits(ev::READ) && engine_.edges().has(stream_.fd())) watch(watched());
}

/// Takes what has come, or the end of it. False: nothing has changed, or the connection is closed.
bool Connection::receive() noexcept {
  const char* const buffer = engine_.read_buffer();
  const ssize_t size = take_input();
  if (size > 0) {
    // Asking costs a system call: only where it may have waited, in the listener's queue or for the loop.
    const bool may_have_waited = waiting_ == Waiting::first_byte || engine_.is_held_up();
    unread_for_ = may_have_waited ? net::since_last_receipt(stream_.fd()) : milliseconds{0};
    sent_since_receipt_ = false;
    if (waiting_ == Waiting::body) measure_body(static_cast<std::size_t>(size));
    session_.feed({buffer, static_cast<std::size_t>(size)}, &engine_.session_memory());
  } else if (size == 0) {
    // Half-closed: what has arrived is still answered.
    input_ended_ = true;
    if (exchange_) exchange_->client_left.store(true, std::memory_order_relaxed);
    ignore_ready(ev::READ);
    session_.end_of_input();
    if (exchange_ && (exchange_->waits() || exchange_->ends_with_client())) return !leave_if_given_up();
  } else {
    if (!net::Stream::would_block()) close();
    return false;
  }
  return true;
}

void Connection::pump() noexcept {
  if (pumping_) return;
  std::string out = engine_.take_scratch();
  pumping_ = &out;
  while (stream_ && !exchange_ && !timed_out_ && outbox_.empty() && advance(out)) {
    if (out.size() >= kWriteBatch) write(out);
  }
  if (stream_ && exchange_ && !timed_out_ && exchange_->flow()) serve_flow();
  pumping_ = nullptr;
  unread_for_ = milliseconds{0};
  if (stream_ && !out.empty()) write(out);
  engine_.give_back_scratch(std::move(out));
  if (stream_) settle();
}

/// False: there is nothing to do until more comes.
bool Connection::advance(std::string& out) noexcept {
  http::Request request;
  switch (session_.advance(request)) {
    case Step::need_bytes:
      return false;
    case Step::head:
      look_at_head(request, out);
      return true;
    case Step::overflow:
      keep_in_file(out);
      return true;
    case Step::piece:
      keep_piece(out);
      return true;
    case Step::body_end:
      dispatch_kept(request, out);
      return true;
    case Step::send_continue:
      out += http::ServerSession::kContinue;
      return true;
    case Step::request:
      dispatch({request}, out);
      return true;
    case Step::error:
      refuse(session_.error(), out);
      return false;
  }
  return false;
}

void Connection::dispatch(const Incoming& incoming, std::string& out) noexcept {
  const auto& request = incoming.request;
  be_heard();
  exchange_ = engine_.take_exchange();
  exchange_->connection = this;
  exchange_->request = request;
  origin_.describe(exchange_->request);
  if (stream_.tls() != nullptr) {
    exchange_->request.scheme = "https";
    exchange_->tls_facts = &stream_.tls()->facts();
  }
  if (incoming.body_file != nullptr) exchange_->body_file = std::make_unique<BodyFile>(std::move(*incoming.body_file));
  if (engine_.access_log()) exchange_->began = Clock::now();
  if (!heed_proxy()) return append_answer(out, true);
  engine_.router().find(request.method, exchange_->request.path, exchange_->match);
  if (turned_away_ || exchange_->match.outcome() != routing::Match::Outcome::found) return answer_without_handler(out);
  if (const auto wait = engine_.closed_for(exchange_->handler()); wait > seconds{0}) {
    exchange_->response.set_plain(503, "Service Unavailable\n");
    exchange_->response.add_field("Retry-After", fmt::format("{}", wait.count()));
    return append_answer(out);
  }
  if (const auto most = engine_.options().queue_timeout; most > milliseconds::zero() && unread_for_ >= most) {
    set_refusal(engine_, exchange_->response);
    return append_answer(out);
  }
  exchange_->request.params = exchange_->match.params();
  exchange_->client_left.store(input_ended_, std::memory_order_relaxed);
  exchange_->start_clock();
  if (incoming.streams) exchange_->open_body();
  add(engine_.slot().in_flight, 1);
  const bool has_waited = out.empty() && unread_for_ >= Engine::kLongWait;
  if (!has_waited || !leave_if_given_up()) engine_.executor().submit(*exchange_);
}

void Connection::answer_without_handler(std::string& out) noexcept {
  auto& response = exchange_->response;
  if (turned_away_) {
    set_refusal(engine_, response);
  } else if (exchange_->request.path == "*") {
    response.set_status(204);  // OPTIONS of the server as a whole: a ping (RFC 9110 9.3.7)
  } else if (exchange_->match.outcome() == routing::Match::Outcome::not_found) {
    response.set_plain(404, "Not Found\n");
  } else {
    response.set_plain(405, "Method Not Allowed\n");
    response.add_field("Allow", exchange_->match.allow());
  }
  append_answer(out, turned_away_);
}

void Connection::answer(RunningExchange& exchange) noexcept {
  add(engine_.slot().in_flight, -1U);
  if (timed_out_) {
    engine_.give_back(std::move(exchange_));
    if (!stream_) engine_.bury(*this);
    return;
  }
  const Flow* const flow = exchange.flow();
  if (flow != nullptr && flow->begun() && !http::sends_body(exchange.request, exchange.response))
    exchange.failure.clear();  // its client has all it asked for, and nothing to complain of
  const bool client_failed = exchange.is_abandoned() || (flow != nullptr && (flow->body_failed() || !stream_));
  if (!exchange.failure.empty() && !client_failed) log_failure(exchange.failure);
  if (!stream_) return forget_request();  // the client left meanwhile
  std::string own = pumping_ ? std::string{} : engine_.take_scratch();
  std::string& out = pumping_ ? *pumping_ : own;
  if (flow != nullptr && flow->begun())
    end_streamed(out);
  else if (client_failed && !exchange.failure.empty())
    fail_streamed(out);
  else
    append_in_time(out);
  if (pumping_) return;
  if (stream_) write(out);
  engine_.give_back_scratch(std::move(own));
  if (stream_) pump();
}

/// A handler that held the loop has held its timer too.
void Connection::append_in_time(std::string& out) noexcept {
  const bool late = exchange_->give_up_if_late();
  if (late) log_timeout();
  if (late) set_timeout(engine_, exchange_->response);
  append_answer(out, late);
}

void Connection::log_failure(std::string_view why) noexcept {
  const auto& request = exchange_->request;
  engine_.log().error("{} {} (route {}, plugin {}): {}", request.method, request.target, exchange_->handler().route(),
                      exchange_->handler().plugin(), why);
}

/// The client has left: nobody is answered.
void Connection::forget_request() noexcept {
  exchange_->response.set_plain(kClientLeft, "");
  record_access(engine_, *exchange_, exchange_->response);
  engine_.give_back(std::move(exchange_));
  engine_.bury(*this);
}

void Connection::refuse_waiting() noexcept {
  set_refusal(engine_, exchange_->response);
  answer_unbegun(false);
}

/// The handler never runs: the exchange is ours.
void Connection::answer_unbegun(bool last) noexcept {
  add(engine_.slot().in_flight, -1U);
  std::string out = engine_.take_scratch();
  append_answer(out, last);
  write(out);
  engine_.give_back_scratch(std::move(out));
  if (stream_) pump();
}

void Connection::time_out() noexcept {
  log_timeout();
  if (exchange_->withdraw()) {
    set_timeout(engine_, exchange_->response);
    return answer_unbegun(true);
  }
  timed_out_ = static_cast<bool>(stream_);
  if (timed_out_) answer_begun_ ? abort_streamed() : answer_for_handler();
  engine_.executor().given_up(*exchange_);
  exchange_->cancel();
}

/// What the handler works on is not touched: it may be running, on another thread.
void Connection::answer_for_handler() noexcept {
  http::Response response;
  const Flow* const flow = exchange_->flow();
  if (flow != nullptr && flow->body_failed())
    response.set_plain(http::status_of(session_.error()), fmt::format("{}\n", http::sentence_of(session_.error())));
  else if (flow != nullptr && flow->awaits_body())
    response.set_plain(408, "Request Timeout\n");
  else
    set_timeout(engine_, response);
  exchange_->take_over_answer();
  record_access(engine_, *exchange_, response);
  count_answer(engine_.slot(), response.status());
  std::string out = engine_.take_scratch();
  http::write_response(response, {.date = engine_.date(), .server = engine_.options().server, .close = true},
                       http::ConnectionOption::close, exchange_->request.method == "HEAD", out);
  write(out);
  engine_.give_back_scratch(std::move(out));
  if (stream_) settle();
}

/// Who is attacked, or whose peer is down, has thousands of these a second: each route's first at once, then now and
/// then one that stands for all.
void Connection::log_timeout() noexcept {
  const auto& request = exchange_->request;
  const auto& handler = exchange_->handler();
  const auto count = engine_.timeouts().say(&handler);
  if (count == 0) return;
  engine_.log().warning("{} {} (route {}, plugin {}): no answer in time (timeout {} ms){}", request.method,
                        request.target, handler.route(), handler.plugin(), engine_.options().timeout.count(),
                        count == 1 ? "" : fmt::format(", {} such since the route's last such line", count));
}

http::Framing Connection::framing(bool last) noexcept {
  return {.date = engine_.date(), .server = engine_.options().server, .close = last || engine_.closes_after_answer()};
}

void Connection::append_answer(std::string& out, bool last) noexcept {
  record_access(engine_, *exchange_, exchange_->response);
  count_answer(engine_.slot(), exchange_->response.status());
  auto& response = exchange_->response;
  const bool with_parts = response.has_parts() && http::sends_body(exchange_->request, response);
  session_.respond(response, framing(last), out);
  const auto parts = with_parts ? response.take_parts() : std::vector<http::BodyPart>{};
  engine_.give_back(std::move(exchange_));
  waiting_ = Waiting::nothing;  // whatever is awaited next is awaited anew
  body_pace_ = {};
  if (!parts.empty()) write_parts(out, parts);
}

void Connection::refuse(http::ParseError error, std::string& out) noexcept {
  kept_.reset();
  engine_.log().debug("{}: {} {}", origin_.name(), http::status_of(error), http::sentence_of(error));
  record_refusal(engine_, http::status_of(error), origin_.peer());
  count_answer(engine_.slot(), http::status_of(error));
  session_.refuse(error, {.date = engine_.date(), .server = engine_.options().server, .close = true}, out);
}

/// What stands in `out` goes before them. The connection may be closed afterwards.
void Connection::write_parts(std::string& out, const std::vector<http::BodyPart>& parts) noexcept {
  sent_since_receipt_ = true;
  outbox_.append(out);
  out.clear();
  for (const auto& part : parts) outbox_.append(part);
  if (!awaits(ev::WRITE)) flush();
}

void Connection::write(std::string& out) noexcept {
  if (!stream_ || out.empty()) return;
  sent_since_receipt_ = true;
  if (outbox_.empty()) {
    const ssize_t size = stream_.send(out);
    if (size == static_cast<ssize_t>(out.size())) return out.clear();
    if (size < 0 && !net::Stream::would_block()) return close();
    outbox_.append(std::string_view{out}.substr(size > 0 ? static_cast<std::size_t>(size) : 0));
    await_taking();
  } else {
    outbox_.append(out);
  }
  out.clear();
}

void Connection::on_writable() noexcept { shaking_hands_ ? shake_hands() : send_more(); }

void Connection::send_more() noexcept {
  streamed_ = 0;
  flush();
  if (stream_ && outbox_.empty()) pump();
}

/// Sends what waits, as far as the socket takes it; the rest when it is writable. The connection may be closed
/// afterwards.
void Connection::flush() noexcept {
  switch (outbox_.flush(stream_)) {
    case Outbox::Outcome::failed:
      return close();
    case Outbox::Outcome::file_failed:
      engine_.log().error("{}: answer given up: {}", origin_.name(), outbox_.complaint());
      return close(true);
    case Outbox::Outcome::blocked:
      return await_taking();
    case Outbox::Outcome::sent:
      break;
  }
  ignore_ready(ev::WRITE);
  deadline_.clear();
}

/// After every step: close, read on or look away, and wait for the right thing.
void Connection::settle() noexcept {
  const bool blocked = (exchange_ && !timed_out_) || !outbox_.empty();
  if (!blocked && (timed_out_ || session_.finished())) return linger();
  // While the client does not take its answers nothing more is taken from it; while a handler works, a bounded lot.
  Flow* const flow = exchange_ && !timed_out_ ? exchange_->flow() : nullptr;
  const bool takes_body = flow != nullptr && flow->takes_body();
  const bool has_room =
      takes_body ? flow->has_room() : outbox_.empty() && (!exchange_ || session_.buffered() < kReadAhead);
  const bool reads = !input_ended_ && has_room;
  reads ? await_ready(ev::READ) : ignore_ready(ev::READ);
  if (awaits_taking()) return;
  if (takes_body && !reads) {  // it is the handler that is awaited
    waiting_ = Waiting::nothing;
    return deadline_.clear();
  }
  wait_for_more();
}

void Connection::wait_for_more() noexcept {
  const auto* const preamble = origin_.pending();
  const Waiting now = !preamble ? session_.waiting() : preamble->has_begun() ? Waiting::head : Waiting::first_byte;
  // The head's deadline is for the whole head: a byte more does not extend it. A piece of a body does.
  if (now == waiting_ && now != Waiting::body) return;
  if (now == Waiting::body && !body_pace_.keeps_up(least_body_rate())) return refuse_dribble();
  waiting_ = now;
  auto& deadlines = engine_.deadlines();
  switch (now) {
    case Waiting::first_byte:
      return deadlines.first_byte.enter(deadline_);
    case Waiting::head:
      return deadlines.head.enter(deadline_);
    case Waiting::body:
      return deadlines.body.enter(deadline_);
    case Waiting::idle:
      session_.release_memory(&engine_.session_memory());
      return deadlines.idle.enter(deadline_);
    case Waiting::answer:
    case Waiting::nothing:
      return deadline_.clear();
  }
}

void Connection::expire(const DeadlineQueue& queue) noexcept {
  auto& deadlines = engine_.deadlines();
  if (&queue == &deadlines.write) return look_at_taking();
  if (&queue == &deadlines.handshake || &queue == &deadlines.linger) return close();
  if (origin_.pending()) return expire_preamble();
  // The loop may have been kept from reading (by a blocking handler): what has come in time counts.
  if (receive()) pump();
  if (!stream_ || deadline_.queue()) return;
  const Flow* const flow = exchange_ ? exchange_->flow() : nullptr;
  if (exchange_ && (flow == nullptr || !flow->takes_body())) return;  // it was whole at the last moment
  if (&queue == &deadlines.body) return refuse_body();
  if (&queue != &deadlines.head) return close();
  answer_refusal(http::ParseError::head_timed_out);
}

}  // namespace indrik::worker
