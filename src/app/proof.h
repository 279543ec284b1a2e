#pragma once

#include <optional>

#include "app/configuration.h"
#include "log/error_log.h"

namespace indrik::app {

/// Loads and creates the plugins, and opens the access log, in a process of its own, with the user and the variables of
/// a worker, so that this one stays free of plugins. None: all is well. Otherwise the exit code to end with, the reason
/// already logged in one sentence: ok when a signal asked to stop meanwhile; a child that takes longer than
/// `boot_timeout` is killed. Leaves the signals that the master reads blocked and pending for it.
std::optional<ExitCode> prove(const Configuration& configuration, log::ErrorLog& log);

}  // namespace indrik::app
