#include "ctl/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>

#include "base/strings.h"
#include "config/load.h"
#include "config/quantities.h"
#include "ctl/man_page.h"

namespace indrik::ctl {
namespace {

constexpr const char* kDefaultSocket = "/run/indrik/control.sock";
constexpr milliseconds kForAStatus{10'000};

constexpr const char* kFooter =
    "Without -s, -c and -i the variable INDRIK_CONTROL_SOCKET names the socket, or it is /run/indrik/control.sock.\n"
    "\n"
    "Exit codes: 0 done; 1 refused, or tried and failed; 2 wrong usage, or a configuration that cannot be read;\n"
    "3 no master can be reached there, or it has not answered in time.";

/// Where the configuration has the control socket. Relative paths are as the server takes them that is started here.
Result<std::string> socket_in(const std::string& file) {
  const auto loaded = config::load({.arguments = {"--print-config", "--config", file}, .environment = {}});
  if (!loaded) return fail(Error{fmt::format("{}", fmt::join(loaded.error(), "\n"))});
  const auto& settings = loaded->settings;
  if (settings.control_socket.empty()) return fail(Error::format("{}: control_socket is not set", file));
  return (settings.chdir / settings.control_socket).native();
}

struct Flags {
  std::string socket, config_file, instance, timeout;
  bool json = false, version = false, now = false, print_man = false;
};

Result<std::string> find_socket(const Flags& flags, const std::string& environment_socket) {
  if (!flags.socket.empty()) return flags.socket;
  if (!flags.config_file.empty()) return socket_in(flags.config_file);
  if (flags.instance.find('/') != std::string::npos)
    return fail(Error::format("--instance {}: a name without a slash", escaped(flags.instance)));
  if (!flags.instance.empty()) return fmt::format("/run/indrik-{}/control.sock", flags.instance);
  return environment_socket.empty() ? std::string{kDefaultSocket} : environment_socket;
}

void declare(CLI::App& app, Flags& flags) {
  app.name("indrikctl");
  app.fallthrough();  // flags may stand behind the command
  app.require_subcommand(0, 1);
  app.footer(kFooter);
  app.set_version_flag("-v,--version", fmt::format("indrikctl {}", INDRIK_VERSION), "Print the version and exit.");
  app.set_help_flag("-h,--help", "Print this and exit.");
  auto* socket = app.add_option("-s,--socket", flags.socket, "The master's control socket.")->type_name("FILE");
  auto* file = app.add_option("-c,--config", flags.config_file, "The server's configuration, which names the socket.")
                   ->type_name("FILE");
  auto* instance = app.add_option("-i,--instance", flags.instance, "That of indrik@NAME.service.")->type_name("NAME");
  // Out of a script's variable that is not set: another server than the one that was meant must not hear of it.
  const auto not_empty = [](const std::string& value) { return std::string{value.empty() ? "must not be empty" : ""}; };
  for (auto* const which : {socket, file, instance}) which->check(not_empty);
  socket->excludes(file)->excludes(instance);
  file->excludes(instance);
  app.add_flag("--json", flags.json, "Print the master's answer as it came: a line of JSON.");
  app.add_flag("--print-man", flags.print_man)->group("");  // for the makers of indrik: not shown
  app.add_option("--timeout", flags.timeout,
                 "Wait so long for the answer, in seconds or like 500ms, 30s, 2m; 0: as long as it takes, which is the "
                 "default for reload and stop. For status it is 10s.")
      ->type_name("TIME");
}

Result<std::optional<milliseconds>> read_timeout(const Flags& flags, control::Command command) {
  using Limit = std::optional<milliseconds>;
  if (flags.timeout.empty()) return command == control::Command::status ? Limit{kForAStatus} : Limit{};
  const auto given = config::parse_duration(flags.timeout);
  if (!given)
    return fail(Error::format("--timeout {}: seconds, or a time like 500ms, 30s or 2m", escaped(flags.timeout)));
  return *given == milliseconds::zero() ? Limit{} : Limit{*given};
}

}  // namespace

Result<CommandLine> read_command_line(int argc, const char* const* argv, const std::string& environment_socket) {
  CLI::App app{"Asks the master process of an Indrik server."};
  Flags flags;
  declare(app, flags);
  const auto* reload = app.add_subcommand(
      "reload", "Read the configuration again and exchange the workers; wait until that is done, or has failed.");
  const auto* status = app.add_subcommand("status", "Say how the server and its workers fare.");
  auto* stop = app.add_subcommand("stop", "Stop the server, finishing what it has begun; wait for its end.");
  stop->add_flag("--now", flags.now, "Finish nothing.");
  CommandLine line;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    line.text = app.help();
    return line;
  } catch (const CLI::CallForVersion& version) {
    line.text = std::string{version.what()} + "\n";
    return line;
  } catch (const CLI::ParseError& error) {
    return fail(Error{escaped(error.what())});
  }
  if (flags.print_man) {
    line.text = man_page(app);
    return line;
  }
  if (!*reload && !*status && !*stop) return fail(Error{"no command: reload, status or stop"});
  using control::Command;
  line.request = {.command = *reload ? Command::reload : *stop ? Command::stop : Command::status, .now = flags.now};
  line.json = flags.json;
  auto timeout = read_timeout(flags, line.request.command);
  if (!timeout) return fail(std::move(timeout).error());
  line.timeout = *timeout;
  auto socket = find_socket(flags, environment_socket);
  if (!socket) return fail(std::move(socket).error());
  line.socket = *std::move(socket);
  return line;
}

}  // namespace indrik::ctl
