// Its start hook never returns: the worker never becomes ready.
#include <indrik/indrik.hpp>

INDRIK_PLUGIN("hangs_in_start", "1.0", [](indrik::App& app) {
  app.on_start([] {
    for (;;) std::this_thread::sleep_for(std::chrono::hours{1});
  });
});
