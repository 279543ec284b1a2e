#pragma once

#include <indrik/plugin.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/loop_services.h"
#include "base/result.h"
#include "http/handler.h"
#include "log/error_log.h"
#include "plugin/config.h"
#include "stream/conversation.h"

namespace indrik::plugin {

/// Takes a plugin's line of log, its name included. Called from any thread of the plugin's; must not throw.
using LogSink = std::function<void(log::Level level, std::string_view text)>;

/// Takes a plugin's route. The pattern has the mount in front. The handler lives as long as its taker wants, but not
/// longer than the Instance it came from.
using RouteSink =
    std::function<Result<void>(std::string method, std::string pattern, std::unique_ptr<http::Handler> handler)>;

/// Takes a plugin's stream, with the same right as RouteSink.
using StreamSink = std::function<Result<void>(std::unique_ptr<stream::Handler> handler)>;

/// What a plugin's `const indrik_host*` points to: first the table it sees, then what the calls through it need.
/// The plugin keeps the address: it does not move.
struct Host : indrik_host {
  Host(std::string plugin_name, LogSink log_sink);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  static Host& of(const indrik_host* host) noexcept;

  std::string plugin_name;
  std::string mount;
  LogSink log_sink;
  Config settings;
  const LoopServices* loop = nullptr;                 ///< of the worker, from before start() until it has ended
  const RouteSink* routes = nullptr;                  ///< set while create() runs: routes are added then only
  const StreamSink* streams = nullptr;                ///< the same for streams
  std::set<std::string, std::less<>> keys_asked_for;  ///< while create() runs
};

/// True if `id` names an interface that get_interface() finds.
bool has_interface(std::string_view id) noexcept;

}  // namespace indrik::plugin
