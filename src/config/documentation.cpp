#include "config/documentation.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "base/strings.h"
#include "config/command_line.h"
#include "config/setting_value.h"

namespace indrik::config {

namespace {

/// Appends `text` word by word, in lines of at most `width` columns that all begin with `margin`; the first one goes on
/// where the line stands.
void append_wrapped(std::string& out, std::string_view text, const std::string& margin, std::size_t width) {
  std::size_t column = out.size() - (out.rfind('\n') + 1);  // npos + 1 is 0: the first line of all
  bool first = true;
  for (const auto word : split(text, ' ')) {
    if (!first && column + 1 + word.size() > width) {
      out += '\n' + margin;
      column = margin.size();
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    first = false;
  }
  out += '\n';
}

void append_flag(std::string& out, std::string_view flag, std::string_view placeholder, std::string_view text) {
  constexpr std::size_t kColumn = 34;
  std::string left = "  " + std::string(flag.starts_with("--") ? 4 : 0, ' ') + spaced(flag);
  if (!placeholder.empty()) left += ' ' + std::string{placeholder};
  out += left;
  const std::string margin(kColumn, ' ');
  if (left.size() + 2 > kColumn)
    out += '\n' + margin;
  else
    out.append(kColumn - left.size(), ' ');
  append_wrapped(out, text, margin, 100);
}

}  // namespace

std::string spaced(std::string_view flag) {
  const auto comma = flag.find(',');
  if (comma == std::string_view::npos) return std::string{flag};
  return fmt::format("{}, {}", flag.substr(0, comma), flag.substr(comma + 1));
}

std::string help_text() {
  std::string out =
      "Usage: indrik [OPTIONS] [PLUGIN.so ...]\n"
      "\n"
      "Serves the routes of native plugins with a master process and its workers. Each PLUGIN.so named\n"
      "here is mounted at \"/\", after the [[app]] tables of the configuration file. A flag outweighs the\n"
      "environment, that the file, and that the default. A TIME is in seconds, or like 250ms, 30s, 2m;\n"
      "a SIZE in bytes, or like 64KiB, 1MiB.\n";
  out += "\nCommands:\n";
  for (const auto& command : commands())
    if (!command.doc.empty()) append_flag(out, command.flag, command.placeholder, command.doc);
  std::string_view group;
  for (const auto& spec : settings_table()) {
    if (spec.group != group) out += fmt::format("\n{}:\n", spec.group);
    group = spec.group;
    append_flag(out, spec.flag, spec.placeholder,
                fmt::format("{} [{}; {}]", spec.doc,
                            spec.fallback.empty() ? "no default" : fmt::format("default {}", spec.fallback),
                            environment_name(spec)));
  }
  return out;
}

std::string sample_toml() {
  std::string out =
      "# Every setting of Indrik with its default. Printed by: indrik --print-sample\n"
      "# A time is in seconds, or a text like \"250ms\", \"30s\", \"2m\"; a size in bytes, or like \"64KiB\".\n";
  const auto settings = default_settings();
  std::string_view group;
  for (const auto& spec : settings_table()) {
    if (spec.group != group) out += fmt::format("\n# {}\n", spec.group);
    group = spec.group;
    out += "\n# ";
    append_wrapped(out, spec.doc, "# ", 100);
    out += "# ";
    append_wrapped(out, "Accepts " + accepted(spec) + ".", "# ", 100);
    fmt::format_to(std::back_inserter(out), "{} = {}\n", spec.key, format_value(spec, settings));
  }
  out +=
      "\n# Other files, relative to this one; what they say outweighs what this one says.\n"
      "# Accepts files like \"conf.d/*.toml\" in a list.\n"
      "include = []\n"
      "\n# Plugins, one [[app]] table each. A name without a slash is looked up beside this file, then in\n"
      "# plugin_directory. The routes of the plugin stand below mount; [app.config] is handed to it.\n"
      "[[app]]\n"
      "plugin = \"health.so\"\n"
      "mount = \"/\"\n"
      "[app.config]\n"
      "delay_ms = 100\n";
  return out;
}

namespace {

constexpr std::string_view kSettingsIntroduction = R"(# Settings

Printed by `indrik --print-manual`. Each setting is a key of the TOML file, a flag, and a variable of the
environment; a flag outweighs the environment, that the file, and that the default. `indrik --print-config`
shows what holds, and where each value comes from.

A time is in seconds (`30`, `0.25`), or a text like `"250ms"`, `"30s"`, `"2m"`. A size is in bytes, or a
text like `"64KiB"`, `"1MiB"`. A list in the environment is separated by commas.
)";

constexpr std::string_view kSeveralFiles = R"(
## Several files

`include = ["conf.d/*.toml"]` reads other files: names or patterns (glob(7)), relative to the file that says it.
Those of a pattern are read in the order of their names' bytes, and there may be none; a file that is named
without wildcards must be there. Files may include others; one that is named twice is read once, and one that
includes itself, directly or not, is refused.

- A setting of an included file outweighs that of the file which includes it.
- Two files of which neither includes the other must not say the same setting: the error names both places.
- `[[app]]` tables add up, in the order of reading. The same plugin at the same mount twice is an error, which
  names both places.
- A mistake in any file is told with that file's name and line. A reload reads all files anew;
  `indrik --print-config` shows what they come to together.
)";

constexpr std::string_view kSecrets = R"(
## Secrets

A text of `[app.config]` (an item of an array, too), and the value of a variable in `env`, may say where it is:

| text | stands for |
|---|---|
| `"env:NAME"` | the variable of the environment in which the server was started |
| `"file:/path"` | what the file holds, without one line end behind it |
| `"file:name"` | the same, in `$CREDENTIALS_DIRECTORY` where systemd has set that, else beside the configuration file |
| `"literal:env:x"` | the text `env:x`, which would be a reference otherwise |

It is looked up at the start and at each reload, by the master, so that a file may be readable for root alone. One
that is not there is a mistake like any other. `--print-config`, which does not look it up, errors, and a plugin's
lines for the log show the reference, not what stands behind it; below four bytes it is no secret. What a plugin
makes of it in answers, and in what it says of a failed request, is the plugin's affair.
)";

constexpr std::string_view kPlugins = R"(
## Plugins

Each `[[app]]` table of the file is one plugin, and so is each name on the command line (mounted at `/`, without
configuration, after those of the file).

- `plugin`: a path with a slash is taken as given. A name without one is looked up in the current folder (only
  if it stands on the command line), beside the configuration file that names it, then in `plugin_directory`;
  `health` means `health.so` as well.
- `mount`: begins with `/`; the plugin's routes stand below it. Default: `"/"`. Mounts may lie within each
  other: the route that says more of a path in letters wins (`/api/users` before `/api/{id}` before
  `/{path...}`), whichever plugin it is of. Two plugins that give the same route are refused. A plugin may be
  mounted several times, each time with a configuration of its own.
- `bind`: where the plugin's stream listens, if it speaks another protocol than HTTP: a list of addresses as in
  the server's own `bind`, without TLS; a plugin with several streams takes a table of them, by their names:
  `bind = {resp = ["127.0.0.1:6379"], echo = ["unix:/run/echo.sock"]}`. A reload opens and closes them.
- `config`: any table; the server hands it to the plugin.

```toml
[[app]]
plugin = "health.so"
mount = "/"
[app.config]
delay_ms = 100
```
)";

}  // namespace

std::string settings_markdown() {
  std::string out{kSettingsIntroduction};
  const auto settings = default_settings();
  std::string_view group;
  for (const auto& spec : settings_table()) {
    if (spec.group != group) out += fmt::format("\n## {}\n", spec.group);
    group = spec.group;
    fmt::format_to(std::back_inserter(out), "\n### `{}`\n\n", spec.key);
    append_wrapped(out, spec.doc, "", 110);
    fmt::format_to(std::back_inserter(out), "\n- Default: `{}`\n- Accepts: {}\n- Flag: `{}{}{}`\n- Environment: `{}`\n",
                   format_value(spec, settings), accepted(spec), spaced(spec.flag), spec.placeholder.empty() ? "" : " ",
                   spec.placeholder, environment_name(spec));
  }
  return out.append(kSeveralFiles).append(kSecrets).append(kPlugins);
}

}  // namespace indrik::config
