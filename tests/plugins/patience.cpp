// Handlers that take their time, and tell in the log what they learn of their requests' deadlines.
#include <indrik/indrik.hpp>

#include <chrono>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using indrik::Request;
using indrik::Response;
using indrik::Task;

void add_waiting(indrik::App& app) {
  const auto log = app.log();
  app.get(
      "/wait",
      [log](const Request& request) {
        log.info("the handler waits");
        while (!request.cancelled()) std::this_thread::sleep_for(5ms);
        log.info("the handler was cancelled");
        return indrik::text("too late");
      },
      [log](const Request&) -> Task<Response> {
        log.info("the handler waits");
        try {
          co_await indrik::sleep_for(1h);
        } catch (const indrik::Cancelled&) {
          log.info("the handler was cancelled");
          throw;
        }
        co_return indrik::text("too late");
      });
  app.get("/sleep", [log](const Request&) {
    std::this_thread::sleep_for(1h);
    log.info("the handler was woken");
    return indrik::text("too late");
  });
}

void add_extending(indrik::App& app) {
  app.get("/extended", [](const Request& request) {
    const bool granted = request.extend(20s);
    std::this_thread::sleep_for(1300ms);
    return indrik::text(granted && !request.cancelled() ? "extended" : "not extended");
  });
  app.get("/extended-too-far", [](const Request& request) {
    (void)request.extend(1h);
    while (!request.cancelled()) std::this_thread::sleep_for(5ms);
    return indrik::text("too late");
  });
}

}  // namespace

INDRIK_PLUGIN("patience", "1.0", [](indrik::App& app) {
  const auto log = app.log();
  add_waiting(app);
  add_extending(app);
  app.get("/fine", [](const Request&) { return indrik::text("fine"); });
  app.get("/hold", [log](const Request&) {
    log.info("a handler holds its thread");
    std::this_thread::sleep_for(500ms);
    return indrik::text("held");
  });
  app.get("/large", [](const Request&) { return indrik::text(std::string(std::size_t{32} << 20U, 'x')); });
});
