#include "app/server.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "app/configuration.h"
#include "app/plugins.h"
#include "app/wiring.h"
#include "app/worker_main.h"
#include "config/documentation.h"
#include "config/printer.h"
#include "process/descriptor_limit.h"
#include "process/pid_file.h"
#include "process/scoreboard.h"
#include "process/signal_queue.h"

namespace indrik::app {
namespace {

/// Workers beyond the configured number: for TTIN, and for old generations that still drain.
constexpr std::size_t kSpareSlots = 128;

int refuse(const Refusal& refusal) {
  for (const auto& sentence : refusal.sentences) fmt::print(stderr, "indrik: {}\n", sentence);
  return static_cast<int>(refusal.code);
}

log::ErrorLog open_error_log(const config::Settings& settings) {
  auto opened = log::ErrorLog::open(settings.error_logfile, log_level(settings.log_level));
  if (!opened) throw BootError{ExitCode::wrong_configuration, opened.error().text()};
  return *std::move(opened);
}

/// What all generations of workers share with the master.
struct Shared {
  log::ErrorLog& log;
  std::optional<process::PidFile>& pid_file;
};

supervisor::Plan make_plan(const std::shared_ptr<const Configuration>& configuration, const Shared& shared) {
  return {.policy = supervisor_policy(configuration->loaded.settings),
          .worker_main = [configuration, shared](const supervisor::Seat& seat) {
            if (shared.pid_file) shared.pid_file->close_in_child();
            return worker_main(*configuration, seat, shared.log);
          }};
}

/// What needs a restart keeps its value; the rest is the new configuration's.
Result<supervisor::Plan> reload(const config::Invocation& invocation, const config::Settings& in_force,
                                const Shared& shared) {
  auto read = read_configuration(invocation);
  if (!read) return fail(Error{fmt::format("{}", fmt::join(read.error().sentences, "; "))});
  const auto& settings = read->loaded.settings;
  if (settings.bind != in_force.bind || settings.backlog != in_force.backlog || settings.pid != in_force.pid ||
      settings.error_logfile != in_force.error_logfile || settings.log_level != in_force.log_level)
    shared.log.warning("bind, backlog, pid, error_logfile and log_level change at the next start only");
  return make_plan(std::make_shared<const Configuration>(*std::move(read)), shared);
}

std::vector<net::Listener> open_listeners(const Configuration& configuration) {
  std::vector<net::Listener> listeners;
  for (const auto& address : configuration.addresses) {
    auto listener = net::Listener::open(address, listen_options(configuration.loaded.settings));
    if (!listener) throw BootError{ExitCode::run_failed, listener.error().text()};
    listeners.push_back(*std::move(listener));
  }
  return listeners;
}

std::optional<process::PidFile> create_pid_file(const config::Settings& settings) {
  if (settings.pid.empty()) return std::nullopt;
  auto file = process::PidFile::create(settings.pid);
  if (!file) throw BootError{ExitCode::run_failed, file.error().text()};
  return *std::move(file);
}

void announce(const supervisor::Policy& policy, const config::Settings& settings,
              std::span<const net::Listener> listeners, log::ErrorLog& log) {
  constexpr std::string_view kNames[] = {"sync", "event", "green"};
  std::vector<std::string> addresses;
  for (const auto& listener : listeners) addresses.push_back(listener.address().text());
  log.info("indrik {} listening at {} with {} {} worker{}", INDRIK_VERSION, fmt::join(addresses, ", "), policy.workers,
           kNames[static_cast<std::size_t>(settings.worker_class)], policy.workers == 1 ? "" : "s");
}

int serve(const config::Invocation& invocation, Configuration read) {
  const auto configuration = std::make_shared<const Configuration>(std::move(read));
  const auto& settings = configuration->loaded.settings;
  process::ignore_broken_pipes();
  process::raise_descriptor_limit();
  auto log = open_error_log(settings);
  if (const auto proven = prove_plugins(configuration->apps, settings.timeout, log); proven != ExitCode::ok)
    return static_cast<int>(proven);
  auto pid_file = create_pid_file(settings);
  const Shared shared{.log = log, .pid_file = pid_file};
  auto listeners = open_listeners(*configuration);
  auto plan = make_plan(configuration, shared);
  auto scoreboard = process::Scoreboard::create(static_cast<std::size_t>(plan.policy.workers) * 2 + kSpareSlots);
  if (!scoreboard) throw BootError{ExitCode::run_failed, scoreboard.error().text()};
  announce(plan.policy, settings, listeners, log);
  supervisor::Master master{std::move(plan), [&] { return reload(invocation, settings, shared); }, std::move(listeners),
                            *scoreboard, log};
  return master.run();
}

int check(const Configuration& configuration) {
  auto log = open_error_log(configuration.loaded.settings);
  const auto proven = prove_plugins(configuration.apps, configuration.loaded.settings.timeout, log);
  if (proven == ExitCode::ok) fmt::print("the configuration is good\n");
  return static_cast<int>(proven);
}

}  // namespace

int run(const config::Invocation& invocation) {
  auto loaded = config::load(invocation);
  if (!loaded) return refuse({.sentences = std::move(loaded).error()});
  switch (loaded->mode) {
    case config::Mode::help:
      return fmt::print("{}", config::help_text()), 0;
    case config::Mode::version:
      return fmt::print("indrik {}\n", INDRIK_VERSION), 0;
    case config::Mode::print_sample:
      return fmt::print("{}", config::sample_toml()), 0;
    case config::Mode::print_manual:
      return fmt::print("{}", config::settings_markdown()), 0;
    case config::Mode::print:
      return fmt::print("{}", config::print_config(*loaded)), 0;
    case config::Mode::check:
    case config::Mode::run:
      break;
  }
  const bool only_check = loaded->mode == config::Mode::check;
  auto configuration = judge(*std::move(loaded));
  if (!configuration) return refuse(configuration.error());
  return only_check ? check(*configuration) : serve(invocation, *std::move(configuration));
}

}  // namespace indrik::app
