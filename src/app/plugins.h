#pragma once

#include <span>
#include <vector>

#include "app/configuration.h"
#include "base/clock.h"
#include "log/error_log.h"
#include "plugin/instance.h"
#include "routing/router.h"

namespace indrik::app {

/// The configured plugins of one process and the routes they gave. Before the instances end, no handler may run.
class Plugins {
 public:
  /// Loads and creates all. Throws BootError(plugin_not_loaded) with one sentence for the first that is refused.
  Plugins(std::span<const AppSpec> apps, log::ErrorLog& log);

  /// Runs the start hooks in order. Throws BootError(never_ready) with the sentence of the first that fails.
  void start();
  /// Runs the stop hooks in reverse order.
  void stop() noexcept;

  const routing::Router& router() const noexcept { return router_; }

 private:
  std::vector<plugin::Instance> instances_;
  routing::Router router_;  ///< after the instances: its handlers end before them
};

/// Loads and creates the plugins in a process of its own, with the user and the variables of a worker, so that this one
/// stays free of them; the child says why it refuses, through the log, and the exit code is returned. A child that
/// takes longer than `boot_timeout` is killed.
ExitCode prove_plugins(const Configuration& configuration, log::ErrorLog& log);

}  // namespace indrik::app
