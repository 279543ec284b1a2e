#pragma once

#include "config/load.h"

namespace indrik::app {

/// The whole program: does what the command line asks and returns the exit code. Throws BootError before the master's
/// loop only.
int run(const config::Invocation& invocation);

}  // namespace indrik::app
