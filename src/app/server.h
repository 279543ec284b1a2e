#pragma once

#include "app/start.h"

namespace indrik::app {

/// The whole program: does what the command line asks and returns the exit code. Throws BootError before the master's
/// loop only.
int run(Start start);

}  // namespace indrik::app
