// REFUSED: indrik: a handler takes a const indrik::Request& and returns an indrik::Response
#include <indrik/indrik.hpp>

void set_up(indrik::App& app) {
  app.get("/", [](const indrik::Request&) { return "text"; });
}
