#pragma once

#include "app/configuration.h"
#include "log/error_log.h"
#include "supervisor/master.h"

namespace indrik::app {

/// A worker process, from the fork to its exit code: loads the plugins, serves, stops them. Throws BootError only.
int worker_main(const Configuration& configuration, const supervisor::Seat& seat, log::ErrorLog& log);

}  // namespace indrik::app
