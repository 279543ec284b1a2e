#include "app/plugins.h"

#include "plugin/library.h"

namespace indrik::app {

Plugins::Plugins(std::span<const AppSpec> apps, log::ErrorLog& log, const Progress& progress) {
  const plugin::LogSink sink = [&log](log::Level level, std::string_view text) { log.write(level, text); };
  const plugin::RouteSink routes = [this](const std::string& method, const std::string& pattern,
                                          std::unique_ptr<http::Handler> handler) {
    return router_.add(method, pattern, std::move(handler));
  };
  for (const auto& app : apps) {
    progress.loading(app);
    const auto library = plugin::Library::open(app.library, sink);
    if (!library) throw BootError{ExitCode::plugin_not_loaded, library.error().text()};
    progress.loaded();
    auto instance = plugin::Instance::create(*library, app.mount, app.config, routes, sink);
    if (!instance) throw BootError{ExitCode::plugin_not_loaded, instance.error().text()};
    instances_.push_back(*std::move(instance));
  }
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
