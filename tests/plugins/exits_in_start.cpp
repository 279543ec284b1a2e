// Ends the process from inside its start hook, as a library that calls exit(3) would.
#include <indrik/indrik.hpp>

#include <cstdlib>

INDRIK_PLUGIN("exits_in_start", "1.0", [](indrik::App& app) {
  const int code = app.config().get_or("code", 7);
  app.on_start([code] { std::_Exit(code); });
});
