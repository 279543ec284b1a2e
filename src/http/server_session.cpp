#include "http/server_session.h"

#include <utility>

#include "http/head_parser.h"
#include "http/head_rules.h"
#include "http/response_writer.h"

namespace indrik::http {

ServerSession::ServerSession(const Limits& limits) noexcept : limits_{limits} {}
ServerSession::~ServerSession() = default;

void ServerSession::feed(std::string_view bytes, SessionMemory* spare) {
  if (phase_ == Phase::failed || phase_ == Phase::done || body_failed_) return;
  if (phase_ == Phase::answer) {
    aside().later.append(bytes);
    return;
  }
  // What was answered goes when it is at least half of the buffer: each byte is then moved once at most, on the
  // average. A body being read keeps its place, which the decoder remembers.
  if (phase_ == Phase::head && begin_ > 0 && begin_ >= buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  if (spare && fields_.capacity() == 0 && buffer_.empty()) spare->take(buffer_, fields_);
  buffer_.append(bytes);
}

ServerSession::Aside& ServerSession::aside() {
  if (!aside_) aside_ = std::make_unique<Aside>();
  return *aside_;
}

void ServerSession::end_of_input() noexcept { input_ended_ = true; }

ServerSession::Step ServerSession::advance(Request& request) {
  switch (phase_) {
    case Phase::head:
      return read_head(request);
    case Phase::body:
      return in_pieces_ ? read_piece(request) : resume_body(request);
    case Phase::drain:
      return drain(request);
    case Phase::failed:
      return Step::error;
    case Phase::answer:
    case Phase::done:
      break;
  }
  return Step::need_bytes;
}

ServerSession::Step ServerSession::read_head(Request& request) {
  if (scanner_.scanned() == 0 && !skip_empty_line()) return starve();
  switch (scanner_.scan(unread(), limits_)) {
    case HeadScanner::State::incomplete:
      return starve();
    case HeadScanner::State::failed:
      return fail(scanner_.error());
    case HeadScanner::State::complete:
      break;
  }
  return accept_head(request);
}

/// One empty line before a request is let pass (RFC 9112 2.2). False: nothing can be told yet.
bool ServerSession::skip_empty_line() noexcept {
  const auto text = unread();
  if (text.empty()) return false;
  if (text.front() != '\r' || skipped_empty_line_) return true;
  if (text.size() == 1) return false;
  if (text[1] != '\n') return true;  // the scanner has a word for it
  begin_ += 2;
  skipped_empty_line_ = true;
  return text.size() > 2;
}

ServerSession::Step ServerSession::accept_head(Request& request) {
  if (const auto error = parse(request); error != ParseError::none) return fail(error);
  const auto verdict = judge_head(request, limits_);
  to_head_ = request.method == "HEAD";
  is_1_0_ = request.minor_version == 0;
  if (verdict.error != ParseError::none) return fail(verdict.error);
  tells_of_client_ = verdict.tells_of_client;
  keep_alive_ = verdict.keep_alive;
  expects_continue_ = verdict.expects_continue;
  body_.start(verdict, begin_ + scanner_.size());
  phase_ = Phase::body;
  return read_body(request);
}

/// Method, target, path, query, version and fields of `request`, as views into the head as it lies now.
ParseError ServerSession::parse(Request& request) {
  if (const auto error = parse_head(head(), scanner_.fields(), request, fields_); error != ParseError::none)
    return error;
  if (const auto error = judge_names(head(), limits_.underscores, keeps_script_name_, fields_, dropped_at_);
      error != ParseError::none)
    return error;
  request.fields = fields_;
  return split_target(request, fields_);
}

/// More of the body may have come since the head was read, and moved the buffer: once it is whole, look at the head
/// again.
ServerSession::Step ServerSession::resume_body(Request& request) {
  const auto next = read_body(request);
  if (next != Step::request) return next;
  const auto error = parse(request);
  return error == ParseError::none ? next : fail(error);
}

ServerSession::Step ServerSession::read_body(Request& request) {
  switch (body_.read(buffer_, limits_)) {
    case BodyReader::State::complete:
      return complete_request(request);
    case BodyReader::State::failed:
      return fail(body_.error());
    case BodyReader::State::incomplete:
      break;
  }
  if (!std::exchange(told_head_, true)) return Step::head;
  const auto size = body_.end() - body_.begin();
  const bool overflows = size > limits_.max_buffered_body ||
                         (body_.has_length() && size + body_.outstanding() > limits_.max_buffered_body);
  if (overflows && !std::exchange(told_overflow_, true)) return Step::overflow;
  return ask_or_starve();
}

ServerSession::Step ServerSession::complete_request(Request& request) {
  request.body = std::string_view{buffer_}.substr(body_.begin(), body_.end() - body_.begin());
  request.trailers = body_.trailers();
  request.params = {};
  next_ = body_.request_end();
  phase_ = Phase::answer;
  return Step::request;
}

/// A client that waits to be asked for its body is asked, once; else the bytes at hand do not suffice.
ServerSession::Step ServerSession::ask_or_starve() {
  if (!expects_continue_ || !asks_ || input_ended_) return starve();
  expects_continue_ = false;
  return Step::send_continue;
}

void ServerSession::take_in_pieces(Request& request, bool ask) {
  aside().head.assign(unread().substr(0, scanner_.size()));
  const auto before_body = begin_ + scanner_.size();
  buffer_.erase(0, before_body);
  body_.move_down(before_body);
  begin_ = 0;
  in_pieces_ = true;
  asks_ = ask;
  parse(request);  // cannot fail: it did not before
  request.body = {};
  request.params = {};
}

std::string_view ServerSession::piece() const noexcept {
  return std::string_view{buffer_}.substr(body_.begin(), body_.end() - body_.begin());
}

ServerSession::Step ServerSession::read_piece(Request& request) {
  if (std::exchange(piece_given_, false)) body_.drop(buffer_);
  // A piece is as large as what comes at once: that much must not stay with each of many that send little more.
  if (buffer_.empty()) std::string{}.swap(buffer_);
  const auto state = body_.read(buffer_, limits_);
  if (state == BodyReader::State::failed) return fail(body_.error());
  if (!piece().empty()) {
    piece_given_ = true;
    return Step::piece;
  }
  if (state == BodyReader::State::incomplete) return ask_or_starve();
  request.trailers = body_.trailers();
  next_ = body_.request_end();
  phase_ = Phase::answer;
  return Step::body_end;
}

/// After the answer: what is left of the body goes, then the next request may come.
ServerSession::Step ServerSession::drain(Request& request) {
  const auto state = body_.read(buffer_, limits_);
  drained_ += piece().size();
  body_.drop(buffer_);
  if (state == BodyReader::State::complete) {
    begin_ = body_.request_end();
    body_.forget();
    phase_ = Phase::head;
    return advance(request);
  }
  if (state == BodyReader::State::failed || drained_ > kMaxDrained || input_ended_) end();
  return Step::need_bytes;
}

/// The bytes at hand do not suffice.
ServerSession::Step ServerSession::starve() {
  if (!input_ended_) return Step::need_bytes;
  if (phase_ == Phase::body || !unread().empty()) return fail(ParseError::truncated);
  phase_ = Phase::done;
  return Step::need_bytes;
}

ServerSession::Step ServerSession::fail(ParseError error) noexcept {
  error_ = error;
  body_failed_ = in_pieces_;  // whoever takes them may still answer
  phase_ = in_pieces_ ? Phase::answer : Phase::failed;
  return Step::error;
}

/// Whether what is left of the request can be passed over, so that the next one can be found.
bool ServerSession::can_be_kept() const noexcept {
  if (phase_ != Phase::body) return !body_failed_;
  if (expects_continue_ || input_ended_) return false;  // it may come or not; or never
  return !body_.has_length() || body_.outstanding() <= kMaxDrained;
}

ConnectionOption ServerSession::connection_option() const noexcept {
  if (!keep_) return ConnectionOption::close;
  return is_1_0_ ? ConnectionOption::keep_alive : ConnectionOption::none;
}

void ServerSession::respond(const Response& response, const Framing& framing, std::string& out) {
  keep_ = keep_alive_ && !framing.close && can_be_kept();
  write_response(response, framing, connection_option(), to_head_, out);
  finish_answer();
}

void ServerSession::begin_answer(const Response& response, const Framing& framing, std::string& out) {
  const auto length = response.declared_length();
  const auto kind = to_head_ || is_bodiless(response.status()) ? AnswerBody::Kind::none
                    : length                                   ? AnswerBody::Kind::length
                    : is_1_0_                                  ? AnswerBody::Kind::until_close
                                                               : AnswerBody::Kind::chunked;
  answer_ = AnswerBody{kind, length.value_or(0)};
  keep_ = keep_alive_ && !framing.close && !body_failed_ && kind != AnswerBody::Kind::until_close;
  write_head(response, framing, connection_option(), kind, length, out);
}

bool ServerSession::continue_answer(std::string_view piece, std::string& out) {
  const bool fits = answer_.append(piece, out);
  keep_ = keep_ && fits;
  return fits;
}

bool ServerSession::end_answer(const Response& response, std::string& out) {
  const bool whole = answer_.finish(response.trailer_lines(), out);
  keep_ = keep_ && whole && can_be_kept();
  finish_answer();
  return whole;
}

void ServerSession::abandon_body(ParseError error) noexcept { fail(error); }

void ServerSession::inform(int status, std::string_view field_lines, std::string& out) const {
  if (!is_1_0_) write_interim(status, field_lines, out);
}

void ServerSession::finish_answer() {
  answered_any_ = true;
  if (!keep_) return end();
  forget_request();
  if (phase_ == Phase::body) {
    if (std::exchange(piece_given_, false)) body_.drop(buffer_);
    drained_ = 0;
    phase_ = Phase::drain;
    return;
  }
  body_.forget();
  begin_ = next_;
  phase_ = Phase::head;
  take_later();
}

void ServerSession::forget_request() noexcept {
  fields_.clear();
  scanner_ = HeadScanner{};
  if (aside_) std::string{}.swap(aside_->head);
  skipped_empty_line_ = to_head_ = expects_continue_ = in_pieces_ = told_head_ = told_overflow_ = false;
  asks_ = true;
}

/// Nothing is read from this connection any more.
void ServerSession::end() noexcept {
  forget_request();
  body_.forget();
  phase_ = Phase::done;
  begin_ = 0;
  std::string{}.swap(buffer_);
  aside_.reset();
}

void ServerSession::take_later() {
  if (begin_ == buffer_.size()) {
    begin_ = 0;
    if (buffer_.capacity() > kMaxKeptMemory)
      std::string{}.swap(buffer_);
    else
      buffer_.clear();
    if (!later().empty()) buffer_.swap(aside_->later);
  } else if (!later().empty()) {
    feed(later());
    aside_->later.clear();
  }
}

void ServerSession::refuse(ParseError error, const Framing& framing, std::string& out) {
  write_refusal(error, framing, to_head_, out);
  error_ = error;
  end();
}

std::string_view ServerSession::dropped_field() const noexcept {
  if (dropped_at_ == 0) return {};
  const auto name = head().substr(dropped_at_);
  return name.substr(0, name.find(':'));
}

ParseError ServerSession::error() const noexcept { return error_; }

ServerSession::Waiting ServerSession::waiting() const noexcept {
  switch (phase_) {
    case Phase::head:
      if (!unread().empty()) return Waiting::head;
      if (input_ended_) return Waiting::nothing;
      return answered_any_ ? Waiting::idle : Waiting::first_byte;
    case Phase::body:
      return expects_continue_ && !asks_ ? Waiting::answer : Waiting::body;
    case Phase::drain:
      return Waiting::idle;  // it has its answer: whoever sends no more of it is left without a second one
    case Phase::answer:
      return Waiting::answer;
    case Phase::failed:
    case Phase::done:
      break;
  }
  return Waiting::nothing;
}

bool ServerSession::finished() const noexcept {
  return phase_ == Phase::done || (phase_ == Phase::head && input_ended_ && unread().empty());
}

std::size_t ServerSession::buffered() const noexcept {
  switch (phase_) {
    case Phase::head:
      return unread().size() - scanner_.scanned();
    case Phase::answer:
      return buffer_.size() - next_ + later().size();
    case Phase::body:
    case Phase::drain:
    case Phase::failed:
    case Phase::done:
      break;
  }
  return 0;
}

void ServerSession::release_memory(SessionMemory* spare) noexcept {
  if (phase_ == Phase::answer || phase_ == Phase::body || phase_ == Phase::drain || !unread().empty()) return;
  begin_ = 0;
  if (spare && fields_.capacity() > 0) spare->leave(buffer_, fields_);
  std::string{}.swap(buffer_);
  aside_.reset();
  std::vector<Field>{}.swap(fields_);
  body_.release();
}

std::size_t ServerSession::held_memory() const noexcept {
  const auto heap_of = [](const std::string& text) {
    return text.capacity() > std::string{}.capacity() ? text.capacity() + 1 : 0;  // short texts stand in the object
  };
  const auto beside = aside_ ? sizeof(Aside) + heap_of(aside_->later) + heap_of(aside_->head) : 0;
  return heap_of(buffer_) + beside + fields_.capacity() * sizeof(Field) + body_.held_memory();
}

}  // namespace indrik::http
