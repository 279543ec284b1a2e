#include "config/command_line.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <iterator>

#include "config/messages.h"
#include "config/setting_spec.h"
#include "config/toml_text.h"

namespace indrik::config {

namespace {

constexpr auto kCommands = std::to_array<CommandSpec>({
    {"-h,--help", "", Mode::help, "Print this and exit."},
    {"-v,--version", "", Mode::version, "Print the version and exit."},
    {"--print-sample", "", Mode::print_sample, ""},
    {"--print-manual", "", Mode::print_manual, ""},
    {"--print-man-5", "", Mode::print_man_5, ""},
    {"--print-man-8", "", Mode::print_man_8, ""},
    {"--list-hooks", "", Mode::list_hooks,
     "Print the system calls that yield in a handler of class green, one a line, and exit."},
    {"--print-config", "", Mode::print,
     "Print every setting with where it comes from, in the form of a configuration file, and exit."},
    {"--check-config", "", Mode::check, "Say what is wrong with the configuration, and exit."},
    {"-c,--config", "FILE", Mode::run, "Read settings and [[app]] tables from this TOML file."},
});

std::string_view long_form(std::string_view flag) { return flag.substr(flag.rfind("--")); }

/// The library's parser, told of every row of both tables. Values are only collected here: assign() judges them.
class Parser {
 public:
  Parser() {
    app_.set_help_flag();
    app_.allow_extras();
    for (const auto& spec : settings_table()) settings_.push_back({&spec, add(spec.flag, spec.placeholder)});
    for (const auto& command : kCommands) commands_.push_back(add(command.flag, command.placeholder));
    plugins_ = app_.add_option("plugins", discarded_);
  }

  CommandLine parse(std::vector<std::string> arguments) {
    CommandLine line;
    std::reverse(arguments.begin(), arguments.end());  // the library's wish
    try {
      app_.parse(arguments);
    } catch (const CLI::ArgumentMismatch& error) {  // the last argument: "--pid: 1 required TEXT missing"
      line.mistakes.push_back(fmt::format("flag {}: its value is missing", subject(error)));
    } catch (const CLI::ParseError& error) {  // "Could not convert: --check-config = 5x"
      line.mistakes.push_back(fmt::format("command line: {}", printable(error.what())));
    }
    for (const auto& unknown : app_.remaining())
      if (unknown != "--") line.mistakes.push_back(unknown_flag(unknown));
    for (const auto& [spec, option] : settings_)
      if (!option->results().empty()) line.settings.push_back(written(*spec, option->results()));
    read_commands(line);
    line.plugins = plugins_->results();
    if (std::erase(line.plugins, "") > 0) line.mistakes.emplace_back("command line: a plugin's name is empty");
    return line;
  }

 private:
  /// A flag must not take a value, and an option must not take two: what follows is a plugin.
  CLI::Option* add(std::string_view flag, std::string_view placeholder) {
    if (placeholder.empty()) return app_.add_flag(std::string{flag});
    return app_.add_option(std::string{flag}, discarded_)->take_all()->allow_extra_args(false);
  }

  /// What the library's message begins with.
  static std::string subject(const CLI::ParseError& error) {
    const std::string_view text = error.what();
    return printable(text.substr(0, text.find(':')));
  }

  static Written written(const SettingSpec& spec, const std::vector<std::string>& results) {
    Written out{std::string{spec.key}, {}, {}, fmt::format("flag {}", long_flag(spec))};
    // Only a list keeps what was said before; of anything else the last word counts.
    if (is_list(spec))
      out.value = results;
    else
      out.value = results.back();
    out.as_written = shortened(toml_value(*out.value));
    return out;
  }

  void read_commands(CommandLine& line) const {
    for (std::size_t i = kCommands.size(); i-- > 0;) {
      const auto& [flag, placeholder, mode, doc] = kCommands[i];
      for (const auto& value : commands_[i]->results()) {
        if (placeholder.empty()) {
          line.mode = mode;
          if (value != "true") line.mistakes.push_back(fmt::format("flag {}: it takes no value", long_form(flag)));
        } else {
          line.config_file = value;
          if (value.empty()) line.mistakes.push_back(fmt::format("flag {}: its value is empty", long_form(flag)));
        }
      }
    }
  }

  static std::string unknown_flag(std::string_view flag) {
    flag = flag.substr(0, flag.find('='));
    std::vector<std::string_view> known;
    for (const auto& spec : settings_table()) known.push_back(long_flag(spec));
    for (const auto& command : kCommands) known.push_back(long_form(command.flag));
    return fmt::format("unknown flag {}{}", shortened(flag), did_you_mean(flag, known, "", "; see --help"));
  }

  CLI::App app_;
  std::vector<std::string> discarded_;  // the library demands a place for values; results() has them in any case
  std::vector<std::pair<const SettingSpec*, CLI::Option*>> settings_;
  std::vector<CLI::Option*> commands_;
  CLI::Option* plugins_ = nullptr;
};

/// The library takes the next argument for the value of "--key=": say that the value is empty.
std::vector<std::string> with_empty_values(const std::vector<std::string>& arguments) {
  std::vector<std::string> out;
  bool flags = true;
  for (const auto& argument : arguments) {
    flags = flags && argument != "--";
    if (flags && argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
      out.push_back(argument.substr(0, argument.size() - 1));
      out.emplace_back();
    } else {
      out.push_back(argument);
    }
  }
  return out;
}

}  // namespace

std::span<const CommandSpec> commands() noexcept { return kCommands; }

CommandLine read_command_line(const std::vector<std::string>& arguments) {
  return Parser{}.parse(with_empty_values(arguments));
}

}  // namespace indrik::config
