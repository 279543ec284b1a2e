#pragma once

#include "app/configuration.h"
#include "log/error_log.h"
#include "net/ticket_keys.h"
#include "supervisor/master.h"

namespace indrik::app {

/// A worker process, from the fork to its exit code: takes its certificates, loads the plugins, serves, stops them.
/// Throws BootError only.
int worker_main(const Configuration& configuration, const supervisor::Seat& seat, net::TicketKeys& ticket_keys,
                log::ErrorLog& log);

}  // namespace indrik::app
