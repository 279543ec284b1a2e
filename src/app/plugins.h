#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "app/configuration.h"
#include "base/loop_services.h"
#include "log/error_log.h"
#include "plugin/instance.h"
#include "routing/router.h"

namespace indrik::app {

/// The configured plugins of one process and the routes they gave. Before the instances end, no handler may run.
class Plugins {
 public:
  /// Who wants to know how far it is, should it not come to its end.
  struct Progress {
    std::function<void(const AppSpec&)> loading = [](const AppSpec&) {};  ///< before each
    std::function<void()> loaded = [] {};                                 ///< its file, of which nothing was called yet
  };

  /// Loads and creates all. Throws BootError(plugin_not_loaded) with one sentence for the first that is refused.
  Plugins(std::span<const AppSpec> apps, log::ErrorLog& log, const Progress& progress);

  /// Runs the start hooks in order, with the loop of the worker, which stop() takes away again. Throws
  /// BootError(never_ready) with the sentence of the first that fails.
  void start(const LoopServices& loop);
  /// Runs the stop hooks in reverse order.
  void stop() noexcept;

  const routing::Router& router() const noexcept { return router_; }

 private:
  std::optional<LoopServices> loop_;
  std::vector<plugin::Instance> instances_;
  routing::Router router_;  ///< after the instances: its handlers end before them
};

}  // namespace indrik::app
