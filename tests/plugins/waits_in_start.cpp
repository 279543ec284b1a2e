// Its start hook returns as soon as there is the file that "gate" names: the test says when the worker is ready.
#include <indrik/indrik.hpp>

#include "await_file.h"

INDRIK_PLUGIN("waits_in_start", "1.0", [](indrik::App& app) {
  const auto gate = app.config().get_or("gate", std::string{"gate"});
  app.get("/", [](const indrik::Request&) { return indrik::text("through"); });
  app.on_start([gate] { await_file(gate); });
});
