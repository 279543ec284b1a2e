#pragma once

#include <sys/types.h>

#include <optional>

#include "app/configuration.h"
#include "log/access_log.h"

namespace indrik::app {

/// What every process that loads plugins does first, after the fork: takes the variables of `env`, becomes the user
/// and the group of the configuration, and dies with `parent`. Throws BootError(run_failed).
void settle_in_child(const Configuration& configuration, pid_t parent);

/// The access log that the settings ask for; none where it is off.
Result<std::optional<log::AccessLog>> open_access_log(const config::Settings& settings);

}  // namespace indrik::app
