#include "app/start.h"

#include <unistd.h>

#include "process/title.h"

namespace indrik::app {

Start Start::capture(int argc, char** argv) {
  process::prepare_title(argc, argv);
  auto program = process::Program::capture(argc, argv, environ, supervisor::Handover::kPrefix);
  auto handover = supervisor::Handover::take();
  auto passed = process::take_passed_sockets();
  return {.invocation = config::Invocation::capture(argc, argv, environ),
          .program = std::move(program),
          .passed = std::move(passed),
          .handover = std::move(handover)};
}

}  // namespace indrik::app
