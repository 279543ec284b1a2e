// What a soak asks for: handlers that wait, throw and catch across waits, and outlast their deadline. ?ms=N: for so
// long.
#include <charconv>
#include <stdexcept>

#include <indrik/indrik.hpp>

namespace {

using indrik::Request;
using indrik::Response;

void wait(const Request& request) {
  unsigned ms = 1;
  const auto text = request.query("ms").value_or("1");
  std::from_chars(text.data(), text.data() + text.size(), ms);
  std::this_thread::sleep_for(std::chrono::milliseconds{ms});
}

/// Exceptions in flight belong to a fiber: while one waits in a handler of its own, others throw theirs.
Response throw_across_waits(const Request& request) {
  const std::string mine{request.target()};
  try {
    try {
      throw std::runtime_error{mine};
    } catch (const std::runtime_error&) {
      wait(request);
      try {
        throw std::logic_error{mine + " within"};
      } catch (const std::logic_error& inner) {
        wait(request);
        if (inner.what() != mine + " within") return indrik::text("another's exception\n").status(599);
      }
      throw;
    }
  } catch (const std::runtime_error& outer) {
    wait(request);
    if (outer.what() != mine || std::uncaught_exceptions() != 0)
      return indrik::text("another's exception\n").status(599);
  }
  return indrik::text("caught\n");
}

}  // namespace

INDRIK_PLUGIN("soak", "1.0", [](indrik::App& app) {
  app.get("/sleep", [](const Request& request) {
    wait(request);
    return indrik::text("slept\n");
  });
  app.get("/throw", throw_across_waits);
  app.get("/fail", [](const Request& request) -> Response {
    wait(request);
    throw std::runtime_error{"on purpose"};
  });
  app.get("/late", [](const Request& request) {
    while (!request.cancelled()) std::this_thread::sleep_for(std::chrono::hours{1});
    return indrik::text("too late\n");
  });
});
