#include "http/response_writer.h"

#include <charconv>

namespace indrik::http {

namespace {

constexpr std::string_view kPlainText = "Content-Type: text/plain; charset=utf-8\r\n";

void append_number(std::size_t number, std::string& out) {
  char digits[20];
  out.append(digits, std::to_chars(std::begin(digits), std::end(digits), number).ptr);
}

/// Always HTTP/1.1, also to a 1.0 client: the version is the sender's own (RFC 9110 2.5).
void append_status_line(int status, std::string& out) {
  if (status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
    return;
  }
  out.append("HTTP/1.1 ");
  append_number(static_cast<std::size_t>(status), out);
  out.append(" ").append(reason_phrase(status)).append("\r\n");
}

void append_date_and_server(const Framing& framing, std::string& out) {
  out.append("Date: ").append(framing.date).append("\r\n");
  if (!framing.server.empty()) out.append("Server: ").append(framing.server).append("\r\n");
}

void append_length(std::uint64_t length, std::string& out) {
  out.append("Content-Length: ");
  append_number(length, out);
  out.append("\r\n");
}

void append_connection_and_end(ConnectionOption connection, std::string& out) {
  if (connection == ConnectionOption::close) out.append("Connection: close\r\n");
  if (connection == ConnectionOption::keep_alive) out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
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
  append_status_line(status, out);
  append_date_and_server(framing, out);
  if (size > 0 && !response.has_content_type()) out.append(kPlainText);
  out.append(response.field_lines());
  // None on 204 (RFC 9110 8.6); on 304 it would have to be the length of an answer that nobody computed, and so it
  // would to HEAD, where a handler of its own has made no body.
  const bool unknown = to_head && size == 0 && !response.has_parts() && status != 205;
  if (status != 204 && status != 304 && !unknown) append_length(size, out);
  append_connection_and_end(connection, out);
  if (!to_head) out.append(body);
}

void write_head(const Response& response, const Framing& framing, ConnectionOption connection, AnswerBody::Kind kind,
                std::optional<std::uint64_t> length, std::string& out) {
  const int status = status_to_write(response);
  if (status == 205) length = 0;  // unlike the others without a body it does not end with its head (RFC 9112 6.3)
  append_status_line(status, out);
  append_date_and_server(framing, out);
  if (!is_bodiless(status) && !response.has_content_type()) out.append(kPlainText);
  out.append(response.field_lines());
  if (length && status != 204 && status != 304) append_length(*length, out);
  if (kind == AnswerBody::Kind::chunked) out.append("Transfer-Encoding: chunked\r\n");
  append_connection_and_end(connection, out);
}

void write_interim(int status, std::string_view field_lines, std::string& out) {
  append_status_line(status, out);
  out.append(field_lines).append("\r\n");
}

void write_refusal(ParseError error, const Framing& framing, bool to_head, std::string& out) {
  const auto sentence = sentence_of(error);
  append_status_line(status_of(error), out);
  append_date_and_server(framing, out);
  out.append(kPlainText);
  append_length(sentence.size() + 1, out);
  append_connection_and_end(ConnectionOption::close, out);
  if (!to_head) out.append(sentence).append("\n");
}

}  // namespace indrik::http
