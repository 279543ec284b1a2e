#include "app/server.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>

#include "app/child.h"
#include "app/configuration.h"
#include "app/door.h"
#include "app/listening.h"
#include "app/man_pages.h"
#include "app/proof.h"
#include "app/terminal.h"
#include "app/tls.h"
#include "app/wiring.h"
#include "app/worker_main.h"
#include "config/documentation.h"
#include "config/printer.h"
#include "config/setting_value.h"
#include "fiber/hooks.h"
#include "log/owner.h"
#include "net/ticket_keys.h"
#include "process/daemon.h"
#include "process/descriptor_limit.h"
#include "process/pid_file.h"
#include "process/rehearsal.h"
#include "process/scoreboard.h"
#include "process/signal_queue.h"
#include "process/title.h"

namespace indrik::app {
namespace {

/// Workers beyond the configured number: for TTIN, and for old generations that still drain.
constexpr std::size_t kSpareSlots = 128;
/// Those of them that have a bell, for each a descriptor in every process; the rest does without the fair accept.
constexpr std::size_t kSpareBells = 8;

int refuse(const Refusal& refusal, process::Launcher& launcher) {
  for (const auto& sentence : refusal.sentences) complain(sentence);
  launcher.release(static_cast<int>(refusal.code), fmt::to_string(fmt::join(refusal.sentences, "; ")));
  return static_cast<int>(refusal.code);
}

log::ErrorLog open_error_log(const Configuration& configuration) {
  const auto& settings = configuration.loaded.settings;
  auto opened = log::ErrorLog::open(settings.error_logfile, log_level(settings.log_level), log_owner(configuration));
  if (!opened) throw BootError{ExitCode::wrong_configuration, opened.error().text()};
  return *std::move(opened);
}

/// What all generations of workers share with the master.
struct Shared {
  log::ErrorLog& log;
  std::optional<process::PidFile>& pid_file;
  process::Launcher& launcher;
  const Listening& listening;
  net::TicketKeys& ticket_keys;
  control::Door& door;
};

/// Each worker opens the access log by itself, when it may no longer make it everywhere.
Result<void> create_access_log(const Configuration& configuration) {
  const auto& target = configuration.loaded.settings.access_logfile;
  const auto owner = log_owner(configuration);
  if (!owner || target.empty() || target == "-") return {};
  return log::create_for(*owner, target);
}

/// The log of the process goes where the configuration says.
Result<void> redirect_log(log::ErrorLog& log, const Configuration& configuration) {
  const auto& settings = configuration.loaded.settings;
  return log.redirect(settings.error_logfile, log_level(settings.log_level), log_owner(configuration));
}

void name_process(std::string_view role, std::string_view short_role, const Configuration& configuration) {
  const auto& name = configuration.loaded.settings.proc_name;
  process::set_title(fmt::format("indrik: {}{}", role, name.empty() ? "" : fmt::format(" [{}]", name)),
                     fmt::format("indrik: {}", short_role));
}

/// A worker opens the log of its own plan: at a reload the master's is still that of the plan before.
int work(const Configuration& configuration, const Shared& shared, const supervisor::Seat& seat) {
  if (shared.pid_file) shared.pid_file->close_in_child();
  shared.launcher.close_in_child();
  shared.door.close_in_child();
  name_process(fmt::format("worker {}", seat.number), "worker", configuration);
  if (const auto redirected = redirect_log(shared.log, configuration); !redirected)
    throw BootError{ExitCode::wrong_configuration, redirected.error().text()};
  return worker_main(configuration, seat, shared.ticket_keys, shared.log);
}

std::optional<ExitCode> prove_with_logs(const Configuration& configuration, log::ErrorLog& log) {
  if (const auto created = create_access_log(configuration); !created)
    throw BootError{ExitCode::wrong_configuration, created.error().text()};
  return prove(configuration, log);
}

/// As the configuration's `bind` has it.
std::string name_of(const Configuration& configuration, const net::Listener& listener) {
  return (speaks_tls(configuration, listener) ? "https://" : "") + listener.address().text();
}

supervisor::Plan make_plan(const std::shared_ptr<const Configuration>& configuration, const Shared& shared) {
  return {.policy = supervisor_policy(configuration->loaded.settings),
          .worker_main = [configuration,
                          shared](const supervisor::Seat& seat) { return work(*configuration, shared, seat); },
          .binding = shared.listening.binding(*configuration),
          .worker_class = class_name(configuration->loaded.settings.worker_class),
          .name_of = [configuration](const net::Listener& listener) { return name_of(*configuration, listener); },
          .reopening =
              [configuration, shared] {
                if (const auto created = create_access_log(*configuration); !created)
                  shared.log.error("{}", created.error().text());
              },
          .taken_over =
              [configuration, shared] {
                name_process("master", "master", *configuration);
                if (const auto redirected = redirect_log(shared.log, *configuration); !redirected)
                  shared.log.error("{}; the error log stays where it was", redirected.error().text());
              }};
}

/// The settings of what is made once, for the whole life of the server.
constexpr auto kAtStartOnly =
    std::to_array<std::string_view>({"backlog", "reuse_port", "unix_socket_mode", "pid", "control_socket", "chdir",
                                     "umask", "user", "group", "daemon"});

void warn_of_what_stays(const config::Settings& next, const config::Settings& in_force, log::ErrorLog& log) {
  std::vector<std::string_view> changed;
  for (const auto key : kAtStartOnly) {
    const auto* spec = config::find_setting(key);
    if (config::format_value(*spec, next) != config::format_value(*spec, in_force)) changed.push_back(key);
  }
  if (!changed.empty()) log.warning("changed at the next start only: {}", fmt::join(changed, ", "));
}

/// What needs a restart keeps its value; the rest is the new configuration's.
Result<supervisor::Plan> reload(const config::Invocation& invocation, const Configuration& in_force,
                                const Shared& shared) {
  constexpr milliseconds kReading{5'000};
  // In a child first: whatever the files do to their parser, the master lives.
  const auto sentences = [&] {
    const auto tried = read_configuration(invocation);
    if (!tried) return fmt::format("{}", fmt::join(tried.error().sentences, "; "));
    const auto opened = open_access_log(tried->loaded.settings);
    if (!opened) return opened.error().text();
    try {
      (void)make_tls(*tried, nullptr, true);
    } catch (const BootError& refused) {
      return std::string{refused.what()};
    }
    return std::string{};
  };
  if (auto rehearsed = process::rehearse(sentences, kReading); !rehearsed)
    return fail(Error::format("read the configuration: {}", rehearsed.error().text()));
  auto read = read_configuration(invocation);
  if (!read) return fail(Error{fmt::format("{}", fmt::join(read.error().sentences, "; "))});
  warn_of_what_stays(read->loaded.settings, in_force.loaded.settings, shared.log);
  for (const auto& sentence : exposed_keys(*read)) shared.log.warning("{}", sentence);
  read->identity = in_force.identity;
  if (auto created = create_access_log(*read); !created) return fail(std::move(created).error());
  return make_plan(std::make_shared<const Configuration>(*std::move(read)), shared);
}

/// Two masters run during an upgrade: the new one's file has another name until the old one has ended.
std::optional<process::PidFile> create_pid_file(const config::Settings& settings, bool is_second) {
  if (settings.pid.empty()) return std::nullopt;
  auto file = process::PidFile::create(is_second ? settings.pid.native() + ".2" : settings.pid.native());
  if (!file) throw BootError{ExitCode::run_failed, file.error().text()};
  return *std::move(file);
}

std::vector<std::string> addresses_of(const Configuration& configuration, std::span<const net::Listener> listeners) {
  std::vector<std::string> addresses;
  for (const auto& listener : listeners) {
    auto text = name_of(configuration, listener);
    if (addresses.empty() || addresses.back() != text) addresses.push_back(std::move(text));  // see reuse_port
  }
  return addresses;
}

void announce(const supervisor::Policy& policy, const Configuration& configuration,
              std::span<const std::string> addresses, log::ErrorLog& log) {
  log.info("indrik {} listening at {} with {} {} worker{}", INDRIK_VERSION, fmt::join(addresses, ", "), policy.workers,
           class_name(configuration.loaded.settings.worker_class), policy.workers == 1 ? "" : "s");
}

/// Each connection is a descriptor; beside them a worker has listeners, logs, its loop, and what plugins open.
void warn_of_few_descriptors(std::size_t limit, const config::Settings& settings, std::size_t listeners,
                             log::ErrorLog& log) {
  constexpr std::size_t kOthers = 64;
  const auto needed = static_cast<std::size_t>(settings.worker_connections) + listeners + kOthers;
  if (limit < needed)
    log.warning(
        "a worker may open {} descriptors only, and worker_connections = {} needs {}: raise the limit (ulimit -Hn, "
        "LimitNOFILE=) or lower worker_connections",
        limit, settings.worker_connections, needed);
}

/// What the master tells the rest of the process.
supervisor::Surroundings surroundings(const Start& start, const config::Settings& settings, const Shared& shared) {
  supervisor::Surroundings outside{.program = &start.program,
                                   .service_manager = process::ServiceManager::from_environment(),
                                   .stored = shared.listening.stored(),
                                   .door = &shared.door,
                                   .version = INDRIK_VERSION,
                                   .predecessor = start.handover ? start.handover->predecessor : 0};
  outside.serving = [shared] { shared.launcher.release(static_cast<int>(ExitCode::ok)); };
  if (start.handover)
    outside.failed_to_start = [shared](ExitCode code, const std::string& why) {
      shared.launcher.release(static_cast<int>(code), why);
    };
  outside.handed_over = [shared] {
    if (shared.pid_file) shared.pid_file->leave();
  };
  outside.is_alone = [shared, path = settings.pid] {
    if (!shared.pid_file) return;
    if (const auto renamed = shared.pid_file->rename_to(path); !renamed) shared.log.error("{}", renamed.error().text());
  };
  return outside;
}

int serve(Start& start, const std::shared_ptr<const Configuration>& configuration, process::Launcher& launcher) {
  const auto& settings = configuration->loaded.settings;
  name_process("master", "master", *configuration);
  process::ignore_write_signals();
  const auto descriptors = process::raise_descriptor_limit();
  auto log = open_error_log(*configuration);
  // The workers of an upgrade prove the plugins, and the old master serves until they have.
  if (!start.handover)
    if (const auto ending = prove_with_logs(*configuration, log)) return static_cast<int>(*ending);
  auto door = open_door(start, settings);  // before the pid file: who waits for its end finds everything tidied up
  auto pid_file = create_pid_file(settings, start.handover.has_value());
  const auto policy = supervisor_policy(settings);
  Listening listening{start, *configuration, static_cast<std::size_t>(policy.workers)};
  auto ticket_keys = net::TicketKeys::create();
  if (!ticket_keys) throw BootError{ExitCode::run_failed, ticket_keys.error().text()};
  const Shared shared{.log = log,
                      .pid_file = pid_file,
                      .launcher = launcher,
                      .listening = listening,
                      .ticket_keys = *ticket_keys,
                      .door = door};
  auto listeners = listening.open(*configuration);
  const auto twice = static_cast<std::size_t>(policy.workers) * 2;  // a reload has two generations
  auto scoreboard = process::Scoreboard::create(twice + kSpareSlots, twice + kSpareBells);
  if (!scoreboard) throw BootError{ExitCode::run_failed, scoreboard.error().text()};
  const auto addresses = addresses_of(*configuration, listeners.all());
  warn_of_few_descriptors(descriptors, settings, listeners.all().size(), log);
  supervisor::Master master{make_plan(configuration, shared),
                            [&] { return reload(start.invocation, *configuration, shared); }, std::move(listeners),
                            *scoreboard, log};
  announce(policy, *configuration, addresses, log);  // signals are read from here on: whoever sees it may send some
  master.meet(surroundings(start, settings, shared));
  return master.run();
}

std::string why_not_started(int code, const config::Settings& settings) {
  if (code == static_cast<int>(ExitCode::ok)) return "indrik: told to stop before the workers were ready";
  return fmt::format("indrik: the server has not started: {} says why",
                     settings.error_logfile == "-" ? "stderr" : settings.error_logfile);
}

/// Serves, and tells whoever waits at the other end of the launcher how that ended before it began.
int serve_for(Start& start, const std::shared_ptr<const Configuration>& configuration, process::Launcher& launcher) {
  try {
    const int code = serve(start, configuration, launcher);
    launcher.release(code, why_not_started(code, configuration->loaded.settings));  // nothing, where it has
    return code;
  } catch (const BootError& error) {
    launcher.release(static_cast<int>(error.code()), fmt::format("indrik: {}", error.what()));
    throw;
  }
}

int serve(Start& start, Configuration read, process::Launcher& launcher) {
  const auto configuration = std::make_shared<const Configuration>(std::move(read));
  // Who takes over from a daemon has no terminal to leave.
  if (start.handover || !configuration->loaded.settings.daemon) return serve_for(start, configuration, launcher);
  auto detached = process::detach();
  if (!detached) throw BootError{ExitCode::run_failed, detached.error().text()};
  // It returns twice: in the launching command, and at the end of the daemon.
  return detached->launcher ? serve_for(start, configuration, *detached->launcher) : detached->code;
}

/// Every relative path from here on is meant there.
Result<void> enter_folder(const config::Loaded& loaded) {
  const auto& folder = loaded.settings.chdir;
  if (!folder.empty() && ::chdir(folder.c_str()) != 0)
    return fail(Error::from_errno(errno, "{}", loaded.where("chdir")));
  return {};
}

int check(const Configuration& configuration) {
  auto log = open_error_log(configuration);
  if (const auto ending = prove_with_logs(configuration, log)) return static_cast<int>(*ending);
  return print("the configuration is good\n");
}

}  // namespace

int run(Start start) {
  process::Launcher launcher;
  if (start.handover) launcher = process::Launcher{std::move(start.handover->report)};
  auto loaded = config::load(start.invocation);
  if (!loaded) return refuse({.sentences = std::move(loaded).error()}, launcher);
  switch (loaded->mode) {
    case config::Mode::help:
      return print(config::help_text());
    case config::Mode::version:
      return print(fmt::format("indrik {}\n", INDRIK_VERSION));
    case config::Mode::print_sample:
      return print(config::sample_toml());
    case config::Mode::print_manual:
      return print(config::settings_markdown());
    case config::Mode::print_man_5:
      return print(settings_man_page());
    case config::Mode::print_man_8:
      return print(program_man_page());
    case config::Mode::list_hooks:
      return print(fmt::format("{}\n", fmt::join(fiber::hooked_symbols(), "\n")));
    case config::Mode::print:
      return print(config::print_config(*loaded));
    case config::Mode::check:
    case config::Mode::run:
      break;
  }
  const bool only_check = loaded->mode == config::Mode::check;
  if (const auto entered = enter_folder(*loaded); !entered)
    return refuse({.sentences = {entered.error().text()}}, launcher);
  ::umask(loaded->settings.umask);
  auto configuration = judge(*std::move(loaded));
  if (!configuration) return refuse(configuration.error(), launcher);
  return only_check ? check(*configuration) : serve(start, *std::move(configuration), launcher);
}

}  // namespace indrik::app
