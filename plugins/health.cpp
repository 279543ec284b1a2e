// GET /health answers "ok" after delay_ms milliseconds, as a service that waits for another would.
#include <indrik/indrik.hpp>
using namespace std::chrono_literals;

INDRIK_PLUGIN("health", "1.0", [](indrik::App& app) {
  const auto delay = app.config().get_or("delay_ms", 100ms);
  app.get(
      "/health",
      [=](const indrik::Request&) {
        std::this_thread::sleep_for(delay);
        return indrik::text("ok");
      },
      [=](const indrik::Request&) -> indrik::Task<indrik::Response> {
        co_await indrik::sleep_for(delay);
        co_return indrik::text("ok");
      });
});
