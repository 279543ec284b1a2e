// REFUSED: indrik: of two handlers of a route one is blocking and the other async
#include <indrik/indrik.hpp>

void set_up(indrik::App& app) {
  const auto handler = [](const indrik::Request&) { return indrik::text("text"); };
  app.get("/", handler, handler);
}
