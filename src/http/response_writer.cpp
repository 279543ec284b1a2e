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

void append_length_and_connection(int status, std::size_t length, ConnectionOption connection, std::string& out) {
  // None on 204 (RFC 9110 8.6); on 304 it would have to be the length of an answer that nobody computed.
  if (status != 204 && status != 304) {
    out.append("Content-Length: ");
    append_number(length, out);
    out.append("\r\n");
  }
  if (connection == ConnectionOption::close) out.append("Connection: close\r\n");
  if (connection == ConnectionOption::keep_alive) out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
}

}  // namespace

void write_response(const Response& response, const Framing& framing, ConnectionOption connection, bool to_head,
                    std::string& out) {
  const int status = response.status() >= 200 && response.status() <= 599 ? response.status() : 500;
  const bool bodiless = status == 204 || status == 205 || status == 304;
  const auto body = bodiless ? std::string_view{} : response.body();
  append_status_line(status, out);
  append_date_and_server(framing, out);
  if (!body.empty() && !response.has_content_type()) out.append(kPlainText);
  out.append(response.field_lines());
  append_length_and_connection(status, body.size(), connection, out);
  if (!to_head) out.append(body);
}

void write_refusal(ParseError error, const Framing& framing, bool to_head, std::string& out) {
  const auto sentence = sentence_of(error);
  append_status_line(status_of(error), out);
  append_date_and_server(framing, out);
  out.append(kPlainText);
  append_length_and_connection(status_of(error), sentence.size() + 1, ConnectionOption::close, out);
  if (!to_head) out.append(sentence).append("\n");
}

}  // namespace indrik::http
