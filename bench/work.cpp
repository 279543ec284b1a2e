// A handler whose capacity is plain: it takes delay_ms, on a thread that waits meanwhile (/blocking) or on none
// (/async).
#include <indrik/indrik.hpp>
using namespace std::chrono_literals;

INDRIK_PLUGIN("work", "1.0", [](indrik::App& app) {
  const auto delay = app.config().get_or("delay_ms", 20ms);
  app.get("/blocking", [=](const indrik::Request&) {
    std::this_thread::sleep_for(delay);
    return indrik::text("done");
  });
  app.get("/async", [=](const indrik::Request&) -> indrik::Task<indrik::Response> {
    co_await indrik::sleep_for(delay);
    co_return indrik::text("done");
  });
});
