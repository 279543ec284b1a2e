// REFUSED: and its lambda is not mutable
#include <indrik/indrik.hpp>

void set_up(indrik::App& app) {
  app.get("/", [n = 0](const indrik::Request&) mutable { return indrik::status(200 + ++n); });
}
