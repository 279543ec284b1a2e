// GET /mark ends a part of a callgrind run: callgrind writes down what was executed since the last one, in a file of
// its own. Elsewhere it does nothing.
#include <valgrind/callgrind.h>

#include <indrik/indrik.hpp>

namespace {

indrik::Response mark() {
  CALLGRIND_DUMP_STATS;
  return indrik::status(204);
}

}  // namespace

INDRIK_PLUGIN("mark", "1.0", [](indrik::App& app) {
  app.get(
      "/mark", [](const indrik::Request&) { return mark(); },
      [](const indrik::Request&) -> indrik::Task<indrik::Response> { co_return mark(); });
});
