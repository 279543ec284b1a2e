#include "integration/support/response_reader.h"

#include <charconv>
#include <cstddef>
#include <stdexcept>

#include "base/strings.h"

namespace indrik::test {
namespace {

[[noreturn]] void wrong(const std::string& what) { throw std::runtime_error{"not an HTTP answer: " + escaped(what)}; }

/// "HTTP/1.1 200 OK" and the field lines, without the empty line.
HttpResponse parse_head(std::string_view head) {
  HttpResponse response;
  const auto status_line = head.substr(0, head.find("\r\n"));
  const auto status = status_line.size() >= 12 ? parse_number<int>(status_line.substr(9, 3)) : std::nullopt;
  if (!status_line.starts_with("HTTP/1.") || !status || status_line[8] != ' ') wrong(std::string{status_line});
  response.minor_version = status_line[7] - '0';
  response.status = *status;
  if (status_line.size() > 13) response.reason = status_line.substr(13);
  head.remove_prefix(std::min(status_line.size() + 2, head.size()));
  while (!head.empty()) {
    const auto line = head.substr(0, head.find("\r\n"));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) wrong(std::string{line});
    response.fields.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
  }
  return response;
}

bool has_no_body(std::string_view method, int status) {
  return method == "HEAD" || status < 200 || status == 204 || status == 304;
}

/// Removes chunk framing; returns the bytes used, or none while the last chunk is not there.
std::optional<std::size_t> unchunk(std::string_view bytes, std::string& body) {
  body.clear();
  for (std::size_t at = 0;;) {
    const auto line_end = bytes.find("\r\n", at);
    if (line_end == std::string_view::npos) return std::nullopt;
    std::size_t size = 0;
    const auto parsed = std::from_chars(bytes.data() + at, bytes.data() + line_end, size, 16);
    if (parsed.ec != std::errc{} || parsed.ptr != bytes.data() + line_end) wrong("chunk size");
    at = line_end + 2;
    if (bytes.size() < at + size + 2) return std::nullopt;
    if (bytes.substr(at + size, 2) != "\r\n") wrong("chunk end");
    body.append(bytes.substr(at, size));
    at += size + 2;
    if (size == 0) return at;
  }
}

}  // namespace

std::optional<std::string> HttpResponse::field(std::string_view name) const {
  for (const auto& [key, value] : fields)
    if (equals_ignoring_case(key, name)) return value;
  return std::nullopt;
}

bool HttpResponse::closes() const {
  const auto connection = field("Connection").value_or("");
  for (const auto token : split(connection, ',')) {
    if (equals_ignoring_case(trim(token), "close")) return true;
    if (equals_ignoring_case(trim(token), "keep-alive")) return false;
  }
  return minor_version == 0;
}

std::optional<HttpResponse> ResponseReader::next(std::string_view method) { return take(method, false); }

std::optional<HttpResponse> ResponseReader::at_end(std::string_view method) {
  auto response = take(method, true);
  if (!buffer_.empty()) throw std::runtime_error{"the answer was cut short: " + escaped(buffer_)};
  return response;
}

std::optional<HttpResponse> ResponseReader::take(std::string_view method, bool ended) {
  const auto head_end = buffer_.find("\r\n\r\n");
  if (head_end == std::string::npos) return std::nullopt;
  auto response = parse_head(std::string_view{buffer_}.substr(0, head_end));
  const std::size_t body_at = head_end + 4;
  std::size_t used = body_at;
  if (has_no_body(method, response.status)) {
    // nothing follows
  } else if (equals_ignoring_case(response.field("Transfer-Encoding").value_or(""), "chunked")) {
    const auto framed = unchunk(std::string_view{buffer_}.substr(body_at), response.body);
    if (!framed) return std::nullopt;
    used += *framed;
  } else if (const auto length = response.field("Content-Length")) {
    const auto size = parse_number<std::size_t>(*length);
    if (!size) wrong("Content-Length: " + *length);
    if (buffer_.size() - body_at < *size) return std::nullopt;
    response.body = buffer_.substr(body_at, *size);
    used += *size;
  } else {
    if (!ended) return std::nullopt;
    response.body = buffer_.substr(body_at);
    used = buffer_.size();
  }
  buffer_.erase(0, used);
  return response;
}

}  // namespace indrik::test
