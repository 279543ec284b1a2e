// GET / answers "Hello, world!" at once: the least that a plugin can do.
#include <indrik/indrik.hpp>

INDRIK_PLUGIN("hello", "1.0", [](indrik::App& app) {
  app.get(
      "/", [](const indrik::Request&) { return indrik::text("Hello, world!"); },
      [](const indrik::Request&) -> indrik::Task<indrik::Response> { co_return indrik::text("Hello, world!"); });
});
