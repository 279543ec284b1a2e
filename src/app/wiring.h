#pragma once

#include <string_view>

#include "app/configuration.h"
#include "log/error_log.h"
#include "net/listener.h"
#include "supervisor/master.h"
#include "worker/worker.h"

// What each layer needs to know, taken from the settings: nobody below this layer knows that a file exists.
namespace indrik::app {

/// For one worker: the limit of its requests is drawn here, so call it in the worker.
worker::Options worker_options(const config::Settings& settings);
/// "sync", "event" or "green".
std::string_view class_name(config::WorkerClass given) noexcept;
supervisor::Policy supervisor_policy(const config::Settings& settings);
net::ListenOptions listen_options(const Configuration& configuration);
/// Whom log files belong to; none: whoever makes them.
std::optional<log::Owner> log_owner(const Configuration& configuration) noexcept;
log::Level log_level(config::LogLevel level) noexcept;

}  // namespace indrik::app
