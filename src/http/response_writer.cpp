#include "http/response_writer.h"

#include <charconv>

#include "http/append.h"

namespace indrik::http {

namespace {

constexpr std::string_view kPlainText = "Content-Type: text/plain; charset=utf-8\r\n";

/// Decimal, in a buffer of its own.
class Digits {
 public:
  explicit Digits(std::uint64_t number) noexcept
      : size_{static_cast<std::size_t>(std::to_chars(std::begin(text_), std::end(text_), number).ptr - text_)} {}
  operator std::string_view() const noexcept { return {text_, size_}; }

 private:
  char text_[20];
  std::size_t size_;
};

/// Always HTTP/1.1, also to a 1.0 client: the version is the sender's own (RFC 9110 2.5).
void append_start(int status, const Framing& framing, std::string_view content_type, std::string_view fields,
                  std::string& out) {
  const auto server = framing.server.empty() ? std::string_view{} : std::string_view{"\r\nServer: "};
  if (status == 200)
    append_all(out, "HTTP/1.1 200 OK\r\nDate: ", framing.date, server, framing.server, "\r\n", content_type, fields);
  else
    append_all(out, "HTTP/1.1 ", Digits{static_cast<std::uint64_t>(status)}, " ", reason_phrase(status),
               "\r\nDate: ", framing.date, server, framing.server, "\r\n", content_type, fields);
}

void append_length(std::uint64_t length, std::string& out) {
  append_all(out, "Content-Length: ", Digits{length}, "\r\n");
}

/// What ends a head.
std::string_view ending(ConnectionOption connection) noexcept {
  switch (connection) {
    case ConnectionOption::close:
      return "Connection: close\r\n\r\n";
    case ConnectionOption::keep_alive:
      return "Connection: keep-alive\r\n\r\n";
    case ConnectionOption::none:
      break;
  }
  return "\r\n";
}

int status_to_write(const Response& response) noexcept {
  return response.status() >= 200 && response.status() <= 599 ? response.status() : 500;
}

}  // namespace

bool is_bodiless(int status) noexcept { return status == 204 || status == 205 || status == 304; }

bool sends_body(const Request& request, const Response& response) noexcept {
  return !is_bodiless(response.status()) && request.method != "HEAD";
}

void write_response(const Response& response, const Framing& framing, ConnectionOption connection, bool to_head,
                    std::string& out) {
  const int status = status_to_write(response);
  const auto body = is_bodiless(status) ? std::string_view{} : response.body();
  const auto size = is_bodiless(status) ? 0 : response.body_size();
  const bool untold = size > 0 && !response.has_content_type();
  append_start(status, framing, untold ? kPlainText : std::string_view{}, response.field_lines(), out);
  // None on 204 (RFC 9110 8.6); on 304 it would have to be the length of an answer that nobody computed, and so it
  // would to HEAD, where a handler of its own has made no body.
  const bool unknown = to_head && size == 0 && !response.has_parts() && status != 205;
  const auto sent = to_head ? std::string_view{} : body;
  if (status != 204 && status != 304 && !unknown)
    append_all(out, "Content-Length: ", Digits{size}, "\r\n", ending(connection), sent);
  else
    append_all(out, ending(connection), sent);
}

void write_head(const Response& response, const Framing& framing, ConnectionOption connection, AnswerBody::Kind kind,
                std::optional<std::uint64_t> length, std::string& out) {
  const int status = status_to_write(response);
  if (status == 205) length = 0;  // unlike the others without a body it does not end with its head (RFC 9112 6.3)
  const bool untold = !is_bodiless(status) && !response.has_content_type();
  append_start(status, framing, untold ? kPlainText : std::string_view{}, response.field_lines(), out);
  if (length && status != 204 && status != 304) append_length(*length, out);
  if (kind == AnswerBody::Kind::chunked) out.append("Transfer-Encoding: chunked\r\n");
  out.append(ending(connection));
}

void write_interim(int status, std::string_view field_lines, std::string& out) {
  append_all(out, "HTTP/1.1 ", Digits{static_cast<std::uint64_t>(status)}, " ", reason_phrase(status), "\r\n",
             field_lines, "\r\n");
}

void write_refusal(ParseError error, const Framing& framing, bool to_head, std::string& out) {
  const auto sentence = sentence_of(error);
  append_start(status_of(error), framing, kPlainText, {}, out);
  append_length(sentence.size() + 1, out);
  out.append(ending(ConnectionOption::close));
  if (!to_head) out.append(sentence).append("\n");
}

}  // namespace indrik::http
