#include "http/server_session.h"

#include "http/head_parser.h"
#include "http/head_rules.h"
#include "http/response_writer.h"

namespace indrik::http {

ServerSession::ServerSession(const Limits& limits) noexcept : limits_{limits} {}
ServerSession::~ServerSession() = default;

void ServerSession::feed(std::string_view bytes) {
  if (phase_ == Phase::failed || phase_ == Phase::done) return;
  if (phase_ == Phase::answer) {
    later_.append(bytes);
    return;
  }
  // What was answered goes when it is at least half of the buffer: each byte is then moved once at most, on the
  // average. A body being read keeps its place, which the decoder remembers.
  if (phase_ == Phase::head && begin_ > 0 && begin_ >= buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(bytes);
}

void ServerSession::end_of_input() noexcept { input_ended_ = true; }

ServerSession::Step ServerSession::advance(Request& request) {
  switch (phase_) {
    case Phase::head:
      return read_head(request);
    case Phase::body:
      return resume_body(request);
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
  keep_alive_ = verdict.keep_alive;
  content_length_ = verdict.content_length;
  chunked_ = verdict.chunked;
  expects_continue_ = verdict.expects_continue;
  if (chunked_) chunks_ = ChunkDecoder{begin_ + scanner_.size()};
  phase_ = Phase::body;
  return read_body(request);
}

/// Method, target, path, query, version and fields of `request`, as views into the buffer as it lies now.
ParseError ServerSession::parse(Request& request) {
  const auto head = unread().substr(0, scanner_.size());
  if (const auto error = parse_head(head, scanner_.fields(), request, fields_); error != ParseError::none) return error;
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
  const auto body_begin = begin_ + scanner_.size();
  if (chunked_) {
    switch (chunks_.decode(buffer_, limits_)) {
      case ChunkDecoder::State::complete:
        return complete_request(request, chunks_.body_end(), chunks_.at());
      case ChunkDecoder::State::failed:
        return fail(chunks_.error());
      case ChunkDecoder::State::incomplete:
        break;
    }
  } else if (buffer_.size() - body_begin >= content_length_) {
    return complete_request(request, body_begin + content_length_, body_begin + content_length_);
  }
  if (expects_continue_ && !input_ended_) {
    expects_continue_ = false;
    return Step::send_continue;
  }
  return starve();
}

ServerSession::Step ServerSession::complete_request(Request& request, std::size_t body_end, std::size_t request_end) {
  const auto body_begin = begin_ + scanner_.size();
  request.body = std::string_view{buffer_}.substr(body_begin, body_end - body_begin);
  request.trailers = chunked_ ? chunks_.trailers() : std::span<const Field>{};
  request.params = {};
  next_ = request_end;
  phase_ = Phase::answer;
  return Step::request;
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
  phase_ = Phase::failed;
  return Step::error;
}

void ServerSession::respond(const Response& response, const Framing& framing, std::string& out) {
  const bool keep = keep_alive_ && !framing.close;
  const auto connection = !keep     ? ConnectionOption::close
                          : is_1_0_ ? ConnectionOption::keep_alive
                                    : ConnectionOption::none;
  write_response(response, framing, connection, to_head_, out);
  finish_answer(keep);
}

void ServerSession::finish_answer(bool keep) {
  fields_.clear();
  scanner_ = HeadScanner{};
  if (chunked_) chunks_ = ChunkDecoder{};  // its trailers
  answered_any_ = true;
  skipped_empty_line_ = to_head_ = chunked_ = expects_continue_ = false;
  content_length_ = 0;
  begin_ = next_;
  phase_ = keep ? Phase::head : Phase::done;
  if (!keep) {
    later_.clear();
    begin_ = buffer_.size();
  }
  take_later();
}

void ServerSession::take_later() {
  if (begin_ == buffer_.size()) {
    begin_ = 0;
    if (buffer_.capacity() > kMaxKeptMemory)
      std::string{}.swap(buffer_);
    else
      buffer_.clear();
    buffer_.swap(later_);
  } else if (!later_.empty()) {
    feed(later_);
    later_.clear();
  }
}

void ServerSession::refuse(ParseError error, const Framing& framing, std::string& out) {
  write_refusal(error, framing, to_head_, out);
  error_ = error;
  phase_ = Phase::done;
  begin_ = 0;
  buffer_.clear();
  later_.clear();
}

ParseError ServerSession::error() const noexcept { return error_; }

ServerSession::Waiting ServerSession::waiting() const noexcept {
  switch (phase_) {
    case Phase::head:
      if (!unread().empty()) return Waiting::head;
      if (input_ended_) return Waiting::nothing;
      return answered_any_ ? Waiting::idle : Waiting::first_byte;
    case Phase::body:
      return Waiting::body;
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
      return buffer_.size() - next_ + later_.size();
    case Phase::body:
    case Phase::failed:
    case Phase::done:
      break;
  }
  return 0;
}

void ServerSession::release_memory() noexcept {
  if (phase_ == Phase::answer || phase_ == Phase::body || !unread().empty()) return;
  begin_ = 0;
  std::string{}.swap(buffer_);
  std::string{}.swap(later_);
  std::vector<Field>{}.swap(fields_);
}

std::size_t ServerSession::held_memory() const noexcept {
  const auto heap_of = [](const std::string& text) {
    return text.capacity() > std::string{}.capacity() ? text.capacity() + 1 : 0;  // short texts stand in the object
  };
  return heap_of(buffer_) + heap_of(later_) + fields_.capacity() * sizeof(Field) + chunks_.held_memory();
}

}  // namespace indrik::http
