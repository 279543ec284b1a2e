// Ends, or holds up, whoever sets it up, as its configuration says.
#include <indrik/indrik.hpp>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "await_file.h"

INDRIK_PLUGIN("setup_ends", "1.0", [](indrik::App& app) {
  const auto how = app.config().get_or<std::string>("how", "waits");
  if (how == "exit0") ::_exit(0);
  if (how == "exit4") ::_exit(4);
  if (how == "abort") std::abort();
  if (how != "waits") throw std::runtime_error{"how: exit0, exit4, abort or waits"};
  std::fputs("waiting for a file named go\n", stderr);
  await_file("go");
  app.get("/", [](const indrik::Request&) { return indrik::text("went"); });
});
