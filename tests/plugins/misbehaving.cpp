// Every way in which a handler can go wrong, one path each; /fine shows that nobody else is harmed.
#include <indrik/indrik.hpp>

#include <atomic>
#include <cstdlib>
#include <stdexcept>

namespace {

using indrik::Request;
using indrik::Response;
using indrik::Task;

std::atomic<bool> spinning{true};

void add_crashes(indrik::App& app) {
  app.get("/crash", [](const Request&) -> Response { std::abort(); });
  app.get("/segfault", [](const Request&) -> Response {
    *static_cast<volatile int*>(nullptr) = 1;
    return {};
  });
  app.get("/exit", [](const Request&) -> Response { std::_Exit(0); });
  app.get("/spin", [](const Request&) -> Response {
    while (spinning) {
    }
    return {};
  });
}

void add_failures(indrik::App& app) {
  app.get(
      "/throw", [](const Request&) -> Response { throw std::runtime_error{"on purpose"}; },
      [](const Request&) -> Task<Response> {
        co_await indrik::sleep_for(std::chrono::milliseconds{1});
        throw std::runtime_error{"on purpose, later"};
      });
  app.get(
      "/throw-int", [](const Request&) -> Response { throw 42; },
      [](const Request&) -> Task<Response> {
        throw 42;
        co_return Response{};
      });
  app.get("/throw-before-coroutine", [](const Request&) -> Task<Response> { throw std::runtime_error{"at once"}; });
  app.get("/bad-status", [](const Request&) { return Response{99}; });
  app.get("/split", [](const Request&) { return Response{}.field("X-Split", "a\r\nSet-Cookie: b"); });
  app.get("/reserved", [](const Request&) { return Response{}.field("Content-Length", "0").body("more"); });
}

}  // namespace

INDRIK_PLUGIN("misbehaving", "1.0", [](indrik::App& app) {
  app.get("/fine", [](const Request&) { return indrik::text("fine"); });
  add_crashes(app);
  add_failures(app);
});
