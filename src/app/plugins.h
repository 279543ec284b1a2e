#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "app/configuration.h"
#include "base/loop_services.h"
#include "log/error_log.h"
#include "net/listener.h"
#include "plugin/instance.h"
#include "routing/router.h"
#include "stream/conversation.h"

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
  /// Whose connections come in at the listener; null: they speak HTTP.
  stream::Handler* stream_at(const net::Listener& listener) const noexcept;

 private:
  struct BoundStream {
    const StreamSpec& at;
    stream::Handler& handler;
  };

  void bind_streams(const AppSpec& app, std::span<const std::unique_ptr<stream::Handler>> streams,
                    const plugin::LogSink& log);

  std::optional<LoopServices> loop_;
  std::vector<plugin::Instance> instances_;
  std::vector<std::unique_ptr<stream::Handler>> streams_;  ///< the same
  std::vector<BoundStream> bound_;
  routing::Router router_;  ///< after the instances: its handlers end before them
};

}  // namespace indrik::app
