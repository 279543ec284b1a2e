#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/command_line.h"
#include "config/plugin_app.h"
#include "config/settings.h"

namespace indrik::config {

/// How the process was started: kept for its whole life, so that load() can be called again at a reload.
struct Invocation {
  std::vector<std::string> arguments;    ///< without the program's name
  std::vector<std::string> environment;  ///< "NAME=VALUE"
  std::filesystem::path folder{};        ///< a relative -c FILE is looked up here; empty: in the current folder

  /// With the current folder: the server may leave it.
  static Invocation capture(int argc, const char* const* argv, const char* const* environment);
};

/// A configuration without mistakes.
struct Loaded {
  Mode mode = Mode::run;
  Settings settings;
  std::map<std::string, std::string, std::less<>> origins;  ///< of every setting by key: "default", "indrik.toml:4", …
  std::vector<PluginApp> apps;             ///< the files', then the command line's; never empty in modes run and check
  std::vector<std::string> environment{};  ///< settings.env with its references resolved: never printed
  std::filesystem::path config_file;       ///< in the invocation's folder; empty: none

  /// For messages about a value that only another layer can judge: `indrik.toml:1: bind = ["x"]`.
  std::string where(std::string_view key) const;
};

/// Every mistake found, a sentence each: where, the value as written, what is accepted, the nearest name.
using Mistakes = std::vector<std::string>;

/// Default < file < environment < flag. A file outweighs the one that includes it. Reads the files anew, keeps no
/// state, prints nothing and never throws, so it may be called at any time in a running process. Modes that only print
/// text of ours look at the flags alone. References (reference.h) are looked up in modes run and check.
Result<Loaded, Mistakes> load(const Invocation& invocation);

}  // namespace indrik::config
