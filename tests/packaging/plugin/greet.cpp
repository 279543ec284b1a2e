#include <indrik/indrik.hpp>

INDRIK_PLUGIN("greet", "1.0", [](indrik::App& app) {
  app.get("/greet/{name}", [](const indrik::Request& request) {
    return indrik::text("Hello, " + std::string{*request.param("name")} + "!");
  });
});
