#pragma once

#include <sys/types.h>

#include "app/configuration.h"

namespace indrik::app {

/// What every process that loads plugins does first, after the fork: takes the variables of `env`, becomes the user
/// and the group of the configuration, and dies with `parent`. Throws BootError(run_failed).
void settle_in_child(const Configuration& configuration, pid_t parent);

}  // namespace indrik::app
