#pragma once

#include "config/settings.h"
#include "log/error_log.h"
#include "net/listener.h"
#include "supervisor/master.h"
#include "worker/worker.h"

// What each layer needs to know, taken from the settings: nobody below this layer knows that a file exists.
namespace indrik::app {

worker::Options worker_options(const config::Settings& settings);
supervisor::Policy supervisor_policy(const config::Settings& settings);
net::ListenOptions listen_options(const config::Settings& settings);
log::Level log_level(config::LogLevel level) noexcept;

}  // namespace indrik::app
