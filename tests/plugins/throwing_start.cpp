#include <indrik/indrik.hpp>
#include <stdexcept>

INDRIK_PLUGIN("throwing_start", "1.0", [](indrik::App& app) {
  app.get("/", [](const indrik::Request&) { return indrik::text("never"); });
  app.on_start([] { throw std::runtime_error{"thrown by the start hook"}; });
  app.on_stop([&app] { app.log().error("stopped without having been started"); });
});
