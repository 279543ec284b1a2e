// Tells clients what they asked, and answers in the ways a client may want to see: path parameters, queries, bodies,
// statuses, sizes, failures.
#include <indrik/indrik.hpp>

#include <charconv>
#include <stdexcept>

namespace {

using indrik::Request;
using indrik::Response;
using indrik::Task;

std::string quoted(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out.append("\\u00").append(1, kHex[byte >> 4U]).append(1, kHex[byte & 15U]);
    } else {
      out += c;
    }
  }
  return out += '"';
}

int number_in(std::string_view text, int least, int most) {
  int number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && stop == text.data() + text.size();
  return whole && number >= least && number <= most ? number : -1;
}

/// {"method": "GET", "path": "/echo/x", "name": "x", "greeting": "..."}
Response describe(const Request& request) {
  std::string out = "{\"method\": " + quoted(request.method()) + ", \"path\": " + quoted(request.path());
  if (const auto name = request.param("name")) out += ", \"name\": " + quoted(*name);
  if (const auto greeting = request.query("greeting")) out += ", \"greeting\": " + quoted(*greeting);
  return indrik::json(out + "}\n");
}

Response repeat_body(const Request& request) {
  return Response{}
      .field("Content-Type", std::string{request.field("content-type").value_or("application/octet-stream")})
      .body(request.body());
}

Response answer_status(const Request& request) {
  const auto code = number_in(*request.param("code"), 200, 599);
  return indrik::status(code < 0 ? 400 : code);
}

Response answer_bytes(const Request& request) {
  const auto size = number_in(*request.param("size"), 0, 64 << 20);
  return size < 0 ? indrik::status(400) : indrik::text(std::string(static_cast<std::size_t>(size), 'x'));
}

}  // namespace

INDRIK_PLUGIN("echo", "1.0", [](indrik::App& app) {
  app.get("/echo/{name}", describe, [](const Request& request) -> Task<Response> { co_return describe(request); });
  app.post("/echo", repeat_body, [](const Request& request) -> Task<Response> { co_return repeat_body(request); });
  app.get("/status/{code}", answer_status);
  app.get("/bytes/{size}", answer_bytes);
  app.get(
      "/throw", [](const Request&) -> Response { throw std::runtime_error{"thrown by the blocking handler"}; },
      [](const Request&) -> Task<Response> {
        throw std::runtime_error{"thrown by the async handler"};
        co_return Response{};
      });
});
