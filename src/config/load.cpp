#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "config/config_file.h"
#include "config/environment.h"
#include "config/messages.h"
#include "config/setting_value.h"
#include "config/toml_reader.h"

namespace indrik::config {

Invocation Invocation::capture(int argc, const char* const* argv, const char* const* environment) {
  Invocation invocation;
  if (argc > 1) invocation.arguments.assign(argv + 1, argv + argc);
  std::error_code ignored;  // a folder that has been removed: a relative file is not found, and that is said
  invocation.folder = std::filesystem::current_path(ignored);
  for (; environment && *environment; ++environment) invocation.environment.emplace_back(*environment);
  return invocation;
}

std::string Loaded::where(std::string_view key) const {
  const auto origin = origins.find(key);
  const auto* spec = find_setting(key);
  if (origin == origins.end() || !spec) return std::string{key};
  return fmt::format("{}: {} = {}", origin->second, key, format_value(*spec, settings));
}

namespace {

std::string unknown_key(const Written& written) {
  std::vector<std::string_view> keys{"app"};
  for (const auto& spec : settings_table()) keys.push_back(spec.key);
  return fmt::format("{}: unknown key \"{}\"{}", written.origin, shortened(written.key),
                     did_you_mean(written.key, keys, "\""));
}

/// One load: each source in turn writes over what the one before it said.
class Loading {
 public:
  Loading() {
    loaded_.settings = default_settings();
    for (const auto& spec : settings_table()) loaded_.origins.emplace(spec.key, kDefaultOrigin);
  }

  Result<Loaded, Mistakes> run(const Invocation& invocation) {
    auto line = read_command_line(invocation.arguments);
    loaded_.mode = line.mode;
    if (line.mode != Mode::run && line.mode != Mode::check && line.mode != Mode::print) return std::move(loaded_);
    if (!line.config_file.empty()) loaded_.config_file = invocation.folder / line.config_file;
    const bool file_understood = line.config_file.empty() || read_file(line.config_file);
    auto environment = read_environment(invocation.environment);
    report(environment.mistakes);
    for (const auto& written : environment.settings) take(written);
    report(line.mistakes);
    for (const auto& written : line.settings) take(written);
    for (auto& plugin : line.plugins)
      loaded_.apps.push_back({.plugin = std::move(plugin), .origin = "command line", .from_command_line = true});
    if (loaded_.apps.empty() && loaded_.mode != Mode::print && file_understood)
      mistakes_.emplace_back(
          "no plugin: name one on the command line, or in an [[app]] table of the configuration file");
    if (!mistakes_.empty()) return fail(std::move(mistakes_));
    return std::move(loaded_);
  }

 private:
  void report(const std::vector<std::string>& mistakes) {
    mistakes_.insert(mistakes_.end(), mistakes.begin(), mistakes.end());
  }

  /// Empty: taken.
  std::string attempt(const Written& written) {
    const auto* spec = find_setting(written.key);
    if (!spec) return unknown_key(written);
    const auto assigned = assign(*spec, written, loaded_.settings);
    if (!assigned)
      return fmt::format("{}: {} = {}: {}", written.origin, written.key, written.as_written, assigned.error().text());
    loaded_.origins.find(spec->key)->second = written.origin;
    return {};
  }

  void take(const Written& written) {
    if (auto mistake = attempt(written); !mistake.empty()) mistakes_.push_back(std::move(mistake));
  }

  /// False where there may be more in the file than could be read.
  bool read_file(const std::string& name) {
    const auto text = read_config_file(loaded_.config_file);
    if (!text) {
      mistakes_.push_back(printable(text.error().text()));
      return false;
    }
    auto reading = read_toml(*text, printable(name));
    const bool understood = reading.mistakes.empty();
    for (const auto& [line, written] : reading.settings)
      if (auto mistake = attempt(written); !mistake.empty()) reading.mistakes.push_back({line, std::move(mistake)});
    std::stable_sort(reading.mistakes.begin(), reading.mistakes.end(),
                     [](const Mistake& a, const Mistake& b) { return a.line < b.line; });
    for (auto& mistake : reading.mistakes) mistakes_.push_back(std::move(mistake.text));
    loaded_.apps = std::move(reading.apps);
    return understood;
  }

  Loaded loaded_;
  Mistakes mistakes_;
};

}  // namespace

Result<Loaded, Mistakes> load(const Invocation& invocation) { return Loading{}.run(invocation); }

}  // namespace indrik::config
