#include "app/child.h"

#include <stdlib.h>

#include <cerrno>

#include "process/parent.h"

namespace indrik::app {
namespace {

/// Without the values, which may be secrets, in errors. Here and not in the master: a reload that is refused, or that
/// names fewer variables, leaves nothing behind.
void take_variables(const std::vector<std::string>& variables) {
  for (const auto& variable : variables) {
    const auto equals = variable.find('=');
    if (::setenv(variable.substr(0, equals).c_str(), variable.c_str() + equals + 1, 1) != 0)
      throw BootError{ExitCode::run_failed, Error::from_errno(errno, "set {}", variable.substr(0, equals)).text()};
  }
}

}  // namespace

void settle_in_child(const Configuration& configuration, pid_t parent) {
  take_variables(configuration.loaded.environment);
  if (configuration.identity)
    if (const auto dropped = process::drop_privileges(*configuration.identity); !dropped)
      throw BootError{ExitCode::run_failed, dropped.error().text()};
  if (!process::die_with_parent(parent)) throw BootError{ExitCode::run_failed, "the parent process has gone"};
}

Result<std::optional<log::AccessLog>> open_access_log(const config::Settings& settings) {
  if (settings.access_logfile.empty()) return std::optional<log::AccessLog>{};
  auto opened = log::AccessLog::open(settings.access_logfile, settings.access_logformat);
  if (!opened) return fail(std::move(opened).error());
  return std::optional{*std::move(opened)};
}

}  // namespace indrik::app
