#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.h"

namespace indrik::config {

/// What indrik is asked to do.
enum class Mode : unsigned char {
  run,
  check,
  print,
  help,
  version,
  print_sample,
  print_manual,
  print_man_5,
  print_man_8,
  list_hooks
};

/// A flag that is no setting.
struct CommandSpec {
  std::string_view flag;  ///< "-c,--config", the long form last
  std::string_view placeholder;
  Mode mode;
  std::string_view doc;  ///< empty: for the makers of indrik, not shown by --help
};

/// Earlier ones win where several are given.
std::span<const CommandSpec> commands() noexcept;

/// A command line, before the settings table judges its values.
struct CommandLine {
  Mode mode = Mode::run;
  std::string config_file;  ///< empty: none
  std::vector<Written> settings;
  std::vector<std::string> plugins;
  std::vector<std::string> mistakes;
};

/// `arguments` without the program's name. Never throws, prints or exits.
CommandLine read_command_line(const std::vector<std::string>& arguments);

}  // namespace indrik::config
