// Bytes to a request, and an answer to bytes.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "http/head_parser.h"
#include "http/response_writer.h"
#include "http/server_session.h"
#include "micro/requests.h"

namespace {

using namespace indrik;
using benchmark::State;

constexpr http::Framing kFraming{.date = "Sat, 21 Nov 2026 12:00:00 GMT", .server = "indrik"};

http::Response hello() {
  http::Response response;
  response.add_field("Content-Type", "text/plain; charset=utf-8");
  response.append_body("Hello, world!");
  return response;
}

/// llhttp alone, without our own rules.
void parse_head(State& state, const std::string& request) {
  http::Request parsed;
  std::vector<http::Field> fields;
  const auto count = static_cast<std::size_t>(std::count(request.begin(), request.end(), '\n')) - 2;
  for (auto _ : state)
    if (http::parse_head(request, count, parsed, fields) != http::ParseError::none) state.SkipWithError("refused");
  state.SetBytesProcessed(static_cast<std::int64_t>(request.size() * state.iterations()));
}
BENCHMARK_CAPTURE(parse_head, hello, bench::hello_request())->Name("http/llhttp, hello");
BENCHMARK_CAPTURE(parse_head, browser, bench::browser_request())->Name("http/llhttp, a browser's request");

/// All that a session does for a request: reads it by every rule, gives it, writes the answer, forgets both.
void serve(State& state, const std::string& request) {
  const http::Limits limits;
  http::SessionMemory spare;
  http::ServerSession session{limits};
  const auto response = hello();
  std::string out;
  for (auto _ : state) {
    session.feed(request, &spare);
    http::Request parsed;
    if (session.advance(parsed) != http::ServerSession::Step::request) state.SkipWithError("refused");
    benchmark::DoNotOptimize(parsed);
    out.clear();
    session.respond(response, kFraming, out);
    session.release_memory(&spare);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(request.size() * state.iterations()));
}
BENCHMARK_CAPTURE(serve, hello, bench::hello_request())->Name("http/parsed and answered, hello");
BENCHMARK_CAPTURE(serve, browser, bench::browser_request())->Name("http/parsed and answered, a browser's request");

void write(State& state) {
  const auto response = hello();
  std::string out;
  for (auto _ : state) {
    out.clear();
    http::write_response(response, kFraming, http::ConnectionOption::none, false, out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(write)->Name("http/an answer written");

}  // namespace
