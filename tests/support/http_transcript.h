#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server_session.h"

namespace indrik::corpus {

/// All that a session does with what one client sends: the requests it gives, the answers it writes to them, and what
/// becomes of the connection. Interim answers are left out: whether one is sent may depend on when bytes arrive.
struct HttpTranscript {
  /// For each request what describe() says of it, then "keep" or "close", as it was answered. At last
  ///   error 400 A sentence    after a refusal
  ///   open                    the next byte begins a request
  ///   in a head, in a body    more of it is waited for
  ///   closed                  whatever comes is not looked at
  std::vector<std::string> lines;
  std::string output;

  bool operator==(const HttpTranscript&) const = default;
};

/// "request GET /a?b HTTP/1.1", "path /a", "query b", "field count 1", "field Host: a", "body abc", "trailer Digest:
/// c": a line each, as far as they are there.
inline std::vector<std::string> describe(const http::Request& request) {
  std::vector<std::string> lines;
  const auto note = [&](std::string_view kind, std::string_view text) {
    lines.push_back(std::string{kind}.append(text));
  };
  const auto note_all = [&](std::string_view kind, std::span<const http::Field> fields) {
    for (const auto& field : fields) note(kind, std::string{field.name}.append(": ").append(field.value));
  };
  note("request ", std::string{request.method}
                       .append(" ")
                       .append(request.target)
                       .append(request.minor_version == 1 ? " HTTP/1.1" : " HTTP/1.0"));
  note("path ", request.path);
  if (!request.query.empty()) note("query ", request.query);
  note("field count ", std::to_string(request.fields.size()));
  note_all("field ", request.fields);
  if (!request.body.empty()) note("body ", request.body);
  note_all("trailer ", request.trailers);
  return lines;
}

/// What is done with bodies that do not come with their head.
enum class Bodies : std::uint8_t {
  gathered,   ///< by the session
  in_pieces,  ///< here, and answered at their end
  unread,     ///< answered at once: the session passes over them, or ends the connection
};

/// Plays a client against a session.
class HttpClientScript {
 public:
  explicit HttpClientScript(const http::Limits& limits, Bodies bodies = Bodies::gathered)
      : bodies_{bodies}, session_{limits} {}

  void send(std::string_view bytes) {
    session_.feed(bytes);
    drain();
  }
  /// Takes the next request, should there be one, but does not answer it yet.
  void send_while_answering(std::string_view bytes) {
    session_.feed(bytes);
    while (!is_answering_) {
      const auto step = session_.advance(request_);
      is_answering_ = step == Step::request;
      if (step == Step::need_bytes || step == Step::error) return;
    }
  }
  HttpTranscript end(bool client_ends) {
    if (is_answering_) answer(request_);
    if (client_ends) session_.end_of_input();
    drain();
    note(state());
    return std::move(transcript_);
  }

 private:
  using Step = http::ServerSession::Step;

  void drain() {
    while (true) {
      http::Request request;  // a new one each time: nothing may be left in an old one
      switch (session_.advance(is_taking_ ? streamed_ : request)) {
        case Step::need_bytes:
          return;
        case Step::send_continue:
        case Step::overflow:
          break;
        case Step::head:
          on_head(request);
          break;
        case Step::piece:
          body_.append(session_.piece());
          break;
        case Step::body_end:
          is_taking_ = false;
          streamed_.body = body_;
          answer(streamed_);
          break;
        case Step::request:
          answer(request);
          break;
        case Step::error:
          refuse();
          return;
      }
    }
  }

  void note(std::string line) { transcript_.lines.push_back(std::move(line)); }

  void on_head(const http::Request& request) {
    if (bodies_ == Bodies::unread) answer(request);
    if (bodies_ != Bodies::in_pieces) return;
    streamed_ = {};
    body_.clear();
    is_taking_ = true;
    session_.take_in_pieces(streamed_, true);
  }

  void answer(const http::Request& request) {
    for (auto& line : describe(request)) note(std::move(line));
    http::Response response;
    response.set_plain(200, request.target);
    const auto before = transcript_.output.size();
    session_.respond(response, kFraming, transcript_.output);
    note(transcript_.output.find("\r\nConnection: close\r\n", before) == std::string::npos ? "keep" : "close");
  }

  void refuse() {
    const auto error = session_.error();
    note("error " + std::to_string(http::status_of(error)).append(" ").append(http::sentence_of(error)));
    session_.refuse(error, kFraming, transcript_.output);
  }

  std::string state() const {
    switch (session_.waiting()) {
      case http::ServerSession::Waiting::first_byte:
      case http::ServerSession::Waiting::idle:
        return "open";
      case http::ServerSession::Waiting::head:
        return "in a head";
      case http::ServerSession::Waiting::body:
        return "in a body";
      case http::ServerSession::Waiting::answer:
      case http::ServerSession::Waiting::nothing:
        break;
    }
    return "closed";
  }

  static constexpr http::Framing kFraming{.date = "Sun, 06 Nov 1994 08:49:37 GMT", .server = "indrik"};

  const Bodies bodies_;
  http::ServerSession session_;
  HttpTranscript transcript_;
  http::Request request_;
  http::Request streamed_;
  std::string body_;
  bool is_answering_ = false;
  bool is_taking_ = false;
};

inline HttpTranscript play(const http::Limits& limits, std::span<const std::string_view> pieces, bool client_ends,
                           Bodies bodies = Bodies::gathered) {
  HttpClientScript script{limits, bodies};
  for (const auto piece : pieces) script.send(piece);
  return script.end(client_ends);
}

/// The same, but all pieces are fed before the first request is answered: as they come while a handler runs.
inline HttpTranscript play_answering_late(const http::Limits& limits, std::span<const std::string_view> pieces,
                                          bool client_ends) {
  HttpClientScript script{limits};
  for (const auto piece : pieces) script.send_while_answering(piece);
  return script.end(client_ends);
}

/// One saw the same requests as the other, should it have seen as many: heads, not bodies. A connection may end sooner
/// where bodies are not read, but nothing in them must ever be taken for a request.
inline bool agree_on_requests(const HttpTranscript& one, const HttpTranscript& other) {
  const auto heads = [](const HttpTranscript& transcript) {
    auto lines = transcript.lines;
    std::erase_if(lines,
                  [](std::string_view line) { return !line.starts_with("request ") && !line.starts_with("field "); });
    return lines;
  };
  const auto [a, b] = std::pair{heads(one), heads(other)};
  return std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin());
}

}  // namespace indrik::corpus
