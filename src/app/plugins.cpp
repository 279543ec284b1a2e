#include "app/plugins.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <exception>

#include "app/child.h"
#include "plugin/library.h"
#include "process/exit_status.h"

namespace indrik::app {

Plugins::Plugins(std::span<const AppSpec> apps, log::ErrorLog& log) {
  const plugin::LogSink sink = [&log](log::Level level, std::string_view text) { log.write(level, text); };
  const plugin::RouteSink routes = [this](const std::string& method, const std::string& pattern,
                                          std::unique_ptr<http::Handler> handler) {
    return router_.add(method, pattern, std::move(handler));
  };
  for (const auto& app : apps) {
    const auto library = plugin::Library::open(app.library, sink);
    if (!library) throw BootError{ExitCode::plugin_not_loaded, library.error().text()};
    auto instance = plugin::Instance::create(*library, app.mount, app.config, routes, sink);
    if (!instance) throw BootError{ExitCode::plugin_not_loaded, instance.error().text()};
    instances_.push_back(*std::move(instance));
  }
}

void Plugins::start() {
  for (auto& instance : instances_)
    if (const auto started = instance.start(); !started) throw BootError{ExitCode::never_ready, started.error().text()};
}

void Plugins::stop() noexcept {
  for (auto instance = instances_.rbegin(); instance != instances_.rend(); ++instance) instance->stop();
}

namespace {

[[noreturn]] void prove_in_child(const Configuration& configuration, milliseconds patience, pid_t parent,
                                 log::ErrorLog& log) {
  ::alarm(static_cast<unsigned>(std::chrono::ceil<seconds>(patience).count()));  // its SIGALRM ends us
  auto code = ExitCode::ok;
  try {
    settle_in_child(configuration, parent);
    const Plugins plugins{configuration.apps, log};
  } catch (const BootError& error) {
    log.error("{}", error.what());
    code = error.code();
  } catch (const std::exception& error) {
    log.error("{}", error.what());
    code = ExitCode::plugin_not_loaded;
  }
  ::_exit(static_cast<int>(code));
}

}  // namespace

ExitCode prove_plugins(const Configuration& configuration, log::ErrorLog& log) {
  const auto patience = configuration.loaded.settings.boot_timeout;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw BootError{ExitCode::run_failed, Error::from_errno(errno, "fork").text()};
  if (child == 0) prove_in_child(configuration, patience, parent, log);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return ExitCode::ok;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    log.error("the plugins are not loaded after {} ms (boot_timeout)", patience.count());
  else if (WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(ExitCode::run_failed))
    return ExitCode::run_failed;
  else if (!WIFEXITED(status) || WEXITSTATUS(status) != static_cast<int>(ExitCode::plugin_not_loaded))
    log.error("a plugin ended the process that loaded it: it {}", process::exit_description(status));
  return ExitCode::plugin_not_loaded;
}

}  // namespace indrik::app
