#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/loop_services.h"
#include "base/result.h"
#include "plugin/config.h"
#include "plugin/host.h"
#include "plugin/library.h"

namespace indrik::plugin {

/// A plugin at one place: configured, with its routes handed out. Made in a worker, after the fork, by its only thread;
/// start() once, stop() once. It must outlive every handler it gave away. Nothing of it throws but std::bad_alloc.
class Instance {
 public:
  /// Runs the plugin's create(), which reads `config` and adds its routes through `routes` and its streams through
  /// `streams`. Warns through `log` of keys that the plugin did not ask for. Every error is one sentence that names the
  /// plugin.
  static Result<Instance> create(const Library& library, std::string mount, Config config, const RouteSink& routes,
                                 LogSink log, const StreamSink& streams = no_streams);
  Instance(Instance&&) noexcept;
  Instance& operator=(Instance&&) noexcept;
  /// Stops if it must, then destroys.
  ~Instance();

  /// Gives the plugin the loop of its worker, before start(); null takes it away, before the loop ends.
  void serve_on(const LoopServices* loop) noexcept;

  /// Runs the plugin's start hook, which may block.
  Result<void> start();
  /// Runs the plugin's stop hook if start() succeeded; a second call does nothing.
  void stop() noexcept;

  static Result<void> no_streams(std::unique_ptr<stream::Handler> handler);

  std::string_view name() const noexcept;
  std::string_view mount() const noexcept;

 private:
  struct State;
  explicit Instance(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace indrik::plugin
