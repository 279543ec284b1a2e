#pragma once

#include <optional>
#include <vector>

#include "config/load.h"
#include "process/program.h"
#include "process/service_manager.h"
#include "supervisor/handover.h"

namespace indrik::app {

/// How this process was started, and what it was given.
struct Start {
  config::Invocation invocation;
  process::Program program;
  std::vector<process::PassedSocket> passed;

  std::optional<supervisor::Handover> handover;

  /// Call first of all: takes down what everything after it changes. argv must not be used afterwards.
  static Start capture(int argc, char** argv);
};

}  // namespace indrik::app
