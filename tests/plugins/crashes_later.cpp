// Starts well and serves, and crashes delay_ms later, every time.
#include <indrik/indrik.hpp>

#include <cstdlib>
#include <thread>

INDRIK_PLUGIN("crashes_later", "1.0", [](indrik::App& app) {
  const auto delay = app.config().get_or("delay_ms", std::chrono::milliseconds{100});
  app.get("/", [](const indrik::Request&) { return indrik::text("for now"); });
  app.on_start([delay] {
    std::thread{[delay] {
      std::this_thread::sleep_for(delay);
      std::abort();
    }}.detach();
  });
});
