#include "app/plugins.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "plugin/library.h"

namespace indrik::app {

Plugins::Plugins(std::span<const AppSpec> apps, log::ErrorLog& log, const Progress& progress) {
  const plugin::LogSink sink = [&log](log::Level level, std::string_view text) { log.write(level, text); };
  std::map<std::string, std::string> places;  // where the plugins of the routes so far are named
  std::string origin;
  const plugin::RouteSink routes = [&, this](const std::string& method, const std::string& pattern,
                                             std::unique_ptr<http::Handler> handler) -> Result<void> {
    auto added = router_.add(method, pattern, std::move(handler));
    if (added) places.try_emplace(method + ' ' + pattern, origin);
    const auto other = added ? places.end() : places.find(method + ' ' + pattern);
    if (other == places.end() || other->second == origin) return added;
    return fail(Error::format("{}; see {} and {}", added.error().text(), other->second, origin));
  };
  for (const auto& app : apps) {
    progress.loading(app);
    origin = app.origin;
    const auto library = plugin::Library::open(app.library, sink);
    if (!library) throw BootError{ExitCode::plugin_not_loaded, library.error().text()};
    progress.loaded();
    std::vector<std::unique_ptr<stream::Handler>> streams;
    const plugin::StreamSink take_stream = [&streams](std::unique_ptr<stream::Handler> handler) -> Result<void> {
      if (std::ranges::any_of(streams, [&](const auto& other) { return other->name() == handler->name(); }))
        return fail(Error::format("stream {} exists already", handler->name()));
      streams.push_back(std::move(handler));
      return {};
    };
    auto instance = plugin::Instance::create(*library, app.mount, app.config, routes, sink, take_stream);
    if (!instance) throw BootError{ExitCode::plugin_not_loaded, instance.error().text()};
    instances_.push_back(*std::move(instance));
    bind_streams(app, streams, sink);
    std::ranges::move(streams, std::back_inserter(streams_));
  }
}

/// What the configuration says of streams, and what the plugin has, must fit together.
void Plugins::bind_streams(const AppSpec& app, std::span<const std::unique_ptr<stream::Handler>> streams,
                           const plugin::LogSink& log) {
  const auto name = [](const auto& handler) { return handler->name(); };
  for (const auto& bind : app.streams) {
    const auto found =
        bind.name.empty() && streams.size() == 1 ? streams.begin() : std::ranges::find(streams, bind.name, name);
    if (found == streams.end()) {
      std::string known;
      for (const auto& handler : streams) known.append(known.empty() ? "" : ", ").append(handler->name());
      throw BootError{ExitCode::plugin_not_loaded,
                      streams.empty()
                          ? fmt::format("{}: plugin {} has no stream", bind.origin, app.library.native())
                          : fmt::format("{}: plugin {} has these streams: {}; write bind = {{NAME = [...]}}",
                                        bind.origin, app.library.native(), known)};
    }
    bound_.push_back({bind, **found});
  }
  for (const auto& handler : streams) {
    const auto is_bound = [&](const BoundStream& one) { return &one.handler == handler.get(); };
    if (std::ranges::none_of(bound_, is_bound))
      log(log::Level::warning,
          fmt::format("{}: plugin {}: its stream {} listens nowhere: its [[app]] has no bind for it", app.origin,
                      app.library.native(), handler->name()));
  }
}

stream::Handler* Plugins::stream_at(const net::Listener& listener) const noexcept {
  const auto stands_at = [&](const net::Address& address) {
    return address.text() == listener.asked().text() || address.text() == listener.address().text();
  };
  for (const auto& [at, handler] : bound_)
    if (std::ranges::any_of(at.addresses, stands_at)) return &handler;
  return nullptr;
}

void Plugins::start(const LoopServices& loop) {
  loop_.emplace(loop);
  for (auto& instance : instances_) instance.serve_on(&*loop_);
  for (auto& instance : instances_)
    if (const auto started = instance.start(); !started) throw BootError{ExitCode::never_ready, started.error().text()};
}

void Plugins::stop() noexcept {
  for (auto instance = instances_.rbegin(); instance != instances_.rend(); ++instance) instance->stop();
  for (auto& instance : instances_) instance.serve_on(nullptr);
}

}  // namespace indrik::app
