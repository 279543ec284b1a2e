#include "app/man_pages.h"

#include <fmt/format.h>

#include "config/command_line.h"
#include "config/documentation.h"
#include "config/roff.h"
#include "config/setting_spec.h"
#include "config/setting_value.h"
#include "supervisor/signals.h"

namespace indrik::app {
namespace {

config::Roff page(std::string_view title, int section) {
  return config::Roff{title, section, INDRIK_RELEASED, INDRIK_VERSION};
}

std::string term(std::string_view flag, std::string_view placeholder) {
  return config::spaced(flag) + (placeholder.empty() ? "" : " ") + std::string{placeholder};
}

void add_options(config::Roff& roff) {
  roff.heading("OPTIONS");
  for (const auto& command : config::commands())
    if (!command.doc.empty()) roff.item(term(command.flag, command.placeholder), command.doc);
  roff.paragraph(
      "Each setting is a flag as well; it outweighs the environment, that the file, and that the default. "
      "`indrik.toml`(5) says what each accepts.");
  std::string_view group;
  for (const auto& spec : config::settings_table()) {
    if (spec.group != group) roff.subheading(spec.group);
    group = spec.group;
    roff.item(term(spec.flag, spec.placeholder), spec.doc);
  }
}

void add_signals(config::Roff& roff) {
  roff.heading("SIGNALS");
  roff.paragraph("To the master, whose process id stands in the file that the setting `pid` names:");
  for (const auto& signal : supervisor::kSignals) {
    if (signal.command == supervisor::Command::reap || signal.command == supervisor::Command::nothing) continue;
    roff.item(signal.name, signal.to_master);
  }
}

void add_exit_codes(config::Roff& roff) {
  roff.heading("EXIT STATUS");
  roff.item("0", "It was asked to stop.");
  roff.item("1", "It failed at run time: an address is taken, the pid file is locked, no process can be made.");
  roff.item("2", "Wrong usage or configuration.");
  roff.item("3", "The workers never became ready.");
  roff.item("4", "A plugin could not be loaded.");
}

void add_files(config::Roff& roff) {
  roff.heading("FILES");
  roff.item("/etc/indrik/indrik.toml", "The configuration of `indrik.service`.");
  roff.item("/etc/indrik/NAME.toml", "The configuration of `indrik@NAME.service`, another server beside the first.");
  roff.item("/run/indrik/control.sock", "Where `indrikctl`(1) finds the master.");
  roff.item("/var/log/indrik/access.log",
            "The access log, as it is configured at first; the error log is in the journal.");
  roff.item(INDRIK_PLUGIN_DIR, "Plugins that are named without a slash.");
}

void add_apps(config::Roff& roff) {
  roff.heading("PLUGINS");
  roff.paragraph("Each table `[[app]]` is one plugin. Several may stand in a file, each mounted at a path of its own.");
  roff.item("plugin",
            "A path with a slash is taken as given. A name without one is looked up beside the configuration file, "
            "then in `plugin_directory`; health means health.so as well.");
  roff.item("mount", "Begins with `/`; the plugin's routes stand below it. Default: `/`.");
  roff.item("bind",
            "Where the plugin's stream listens, if it speaks another protocol than HTTP: a list of addresses, or for "
            "several streams a table of lists by their names.");
  roff.item("config", "A table that the plugin reads, in the file `[app.config]`.");
}

void add_included_files(config::Roff& roff) {
  roff.heading("SEVERAL FILES");
  roff.item(
      "include = [\"conf.d/*.toml\"]",
      "Reads other files: names or patterns, relative to the file that says it. Those of a pattern are read in the "
      "order of their names, and there may be none; one that is named must be there.");
  roff.paragraph(
      "A setting of an included file outweighs that of the file which includes it. Two files of which neither includes "
      "the other must not say the same setting. `[[app]]` tables add up.");
}

void add_secrets(config::Roff& roff) {
  roff.heading("SECRETS");
  roff.paragraph(
      "A text of `[app.config]`, and the value of a variable in `env`, may say where it is. It is looked up at the "
      "start and at each reload, by the master, and not shown.");
  roff.item("env:NAME", "The variable of the environment in which the server was started.");
  roff.item("file:/path", "What the file holds, without one line end behind it.");
  roff.item("file:name", "The same, in $CREDENTIALS_DIRECTORY where systemd has set that, else beside the file.");
  roff.item("literal:TEXT", "The text, which would be a reference otherwise.");
}

}  // namespace

std::string program_man_page() {
  auto roff = page("indrik", 8);
  roff.heading("NAME");
  roff.paragraph("indrik - prefork application server for native code");
  roff.heading("SYNOPSIS");
  roff.paragraph("`indrik` [OPTIONS] [PLUGIN.so ...]");
  roff.heading("DESCRIPTION");
  roff.paragraph(
      "Serves the routes of plugins, which are shared objects, with a master process and its workers: the master binds "
      "the addresses, forks the workers, replaces those that die or hang, and reloads configuration and plugins "
      "without "
      "losing a request. Each PLUGIN.so named on the command line is mounted at `/`, after the [[app]] tables of the "
      "configuration file.");
  roff.paragraph("Under systemd, `indrik.service` runs it; `systemctl reload indrik` fails where the reload fails.");
  add_options(roff);
  add_signals(roff);
  add_exit_codes(roff);
  add_files(roff);
  roff.heading("SEE ALSO");
  roff.paragraph("`indrik.toml`(5), `indrikctl`(1), `systemd.service`(5)");
  return roff.text();
}

std::string settings_man_page() {
  auto roff = page("indrik.toml", 5);
  roff.heading("NAME");
  roff.paragraph("indrik.toml - configuration of indrik(8)");
  roff.heading("DESCRIPTION");
  roff.paragraph(
      "A file in TOML. Each setting is also a flag, and a variable of the environment. `indrik --check-config` finds "
      "all "
      "mistakes at once; `indrik --print-config` shows what holds, and where each value comes from.");
  roff.paragraph(
      "A time is in seconds (30, 0.25), or a text like \"250ms\", \"30s\", \"2m\". A size is in bytes, or a text like "
      "\"64KiB\", \"1MiB\". A list in the environment is separated by commas.");
  const auto settings = config::default_settings();
  std::string_view group;
  for (const auto& spec : config::settings_table()) {
    if (spec.group != group) roff.heading(spec.group);
    group = spec.group;
    roff.item(fmt::format("{} = {}", spec.key, config::format_value(spec, settings)), spec.doc);
    roff.more(fmt::format("Accepts {}. Flag `{}`, environment `{}`.", config::accepted(spec), config::long_flag(spec),
                          config::environment_name(spec)));
  }
  add_apps(roff);
  add_included_files(roff);
  add_secrets(roff);
  roff.heading("EXAMPLE");
  roff.example(
      "bind = [\"127.0.0.1:8080\"]\nworkers = \"auto\"\nworker_class = \"green\"\n\n[[app]]\nplugin = "
      "\"health.so\"\nmount = \"/\"");
  roff.heading("SEE ALSO");
  roff.paragraph("`indrik`(8), `indrikctl`(1)");
  return roff.text();
}

}  // namespace indrik::app
