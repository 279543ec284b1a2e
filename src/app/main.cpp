#include <unistd.h>

#include <exception>

#include <fmt/format.h>

#include "app/server.h"
#include "base/error.h"
#include "config/load.h"

int main(int argc, char** argv) {
  using namespace indrik;
  try {
    return app::run(config::Invocation::capture(argc, argv, environ));
  } catch (const BootError& error) {
    fmt::print(stderr, "indrik: {}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "indrik: {}\n", error.what());
    return static_cast<int>(ExitCode::run_failed);
  }
}
