#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/strings.h"
#include "config/config_file.h"
#include "config/environment.h"
#include "config/included_files.h"
#include "config/messages.h"
#include "config/resolution.h"
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
  std::vector<std::string_view> keys{"app", "include"};
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
    const bool file_understood =
        line.config_file.empty() || read_file({.path = loaded_.config_file, .name = line.config_file});
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
    if (loaded_.mode != Mode::print) {
      const auto said = said_.find("env");
      resolve_references(loaded_, invocation.environment,
                         said != said_.end() ? files_[said->second.file].place.path.parent_path() : invocation.folder,
                         mistakes_);
    }
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
    said_.erase(written.key);
    if (auto mistake = attempt(written); !mistake.empty()) mistakes_.push_back(std::move(mistake));
  }

  /// False where there may be more in the file, or in those that it includes, than could be read.
  bool read_file(const FilePlace& place, std::optional<std::size_t> includer = {}, const std::string& context = {}) {
    const auto text = read_config_file(place.path);
    if (!text) {
      mistakes_.push_back(context + printable(text.error().text()));
      return false;
    }
    const auto number = files_.size();
    files_.push_back({place, std::filesystem::weakly_canonical(place.path, ignored_), includer});
    auto reading = read_toml(*text, printable(place.name));
    const bool understood = reading.mistakes.empty();
    for (const auto& [line, written] : reading.settings)
      if (auto mistake = attempt_in_file(written, number); !mistake.empty())
        reading.mistakes.push_back({line, std::move(mistake)});
    for (auto& app : reading.apps)
      if (auto mistake = add(std::move(app), place.path.parent_path()); !mistake.text.empty())
        reading.mistakes.push_back(std::move(mistake));
    std::stable_sort(reading.mistakes.begin(), reading.mistakes.end(),
                     [](const Mistake& a, const Mistake& b) { return a.line < b.line; });
    for (auto& mistake : reading.mistakes) mistakes_.push_back(std::move(mistake.text));
    bool all_understood = understood;
    for (const auto& include : reading.includes) all_understood = read_included(include, number) && all_understood;
    return all_understood;
  }

  bool read_included(const FileReading::Include& include, std::size_t includer) {
    constexpr std::size_t kMostFiles = 256;
    const auto place = files_[includer].place;
    const auto context = fmt::format("{}:{}: include: ", printable(place.name), include.line);
    const auto found = included_files(include.pattern, place);
    if (!found) return refuse(context + printable(found.error().text()));
    bool understood = true;
    for (const auto& file : *found) {
      const auto path = std::filesystem::weakly_canonical(file.path, ignored_);
      const auto known = std::ranges::find(files_, path, &File::path);
      if (known != files_.end()) {  // once is enough, where it does not go round in a circle
        if (is_within(includer, static_cast<std::size_t>(known - files_.begin())))
          understood =
              refuse(fmt::format("{}{} is being read already: it includes itself", context, printable(file.name)));
      } else if (files_.size() >= kMostFiles) {
        return refuse(fmt::format("{}more than {} files", context, kMostFiles));
      } else {
        understood = read_file(file, includer, context) && understood;
      }
    }
    return understood;
  }

  bool refuse(std::string mistake) {
    mistakes_.push_back(std::move(mistake));
    return false;
  }

  /// The file is `other`, or included by it, directly or not.
  bool is_within(std::size_t file, std::size_t other) const noexcept {
    for (std::optional<std::size_t> at = file; at; at = files_[*at].includer)
      if (*at == other) return true;
    return false;
  }

  /// What is included outweighs what includes it; between two others there is no order that anybody should rely on.
  std::string attempt_in_file(const Written& written, std::size_t file) {
    const auto before = said_.find(written.key);
    if (before != said_.end() && !is_within(file, before->second.file))
      return fmt::format("{}: {} is set at {} already, and neither file includes the other", written.origin,
                         written.key, before->second.origin);
    auto mistake = attempt(written);
    if (mistake.empty()) said_.insert_or_assign(written.key, Said{file, written.origin});
    return mistake;
  }

  /// Streams of one plugin may stand beside each other, for they have addresses of their own.
  Mistake add(PluginApp app, const std::filesystem::path& folder) {
    const auto is_same = [&](const PluginApp& other) {
      return !app.plugin.empty() && other.plugin == app.plugin && other.mount == app.mount && other.binds.empty() &&
             app.binds.empty();
    };
    Mistake mistake;
    if (const auto other = std::ranges::find_if(loaded_.apps, is_same); other != loaded_.apps.end())
      mistake = {parse_number<int>(app.origin.substr(app.origin.rfind(':') + 1)).value_or(0),
                 fmt::format("{}: plugin {} is mounted at {} already, at {}", app.origin, printable(app.plugin),
                             printable(app.mount), other->origin)};
    app.folder = folder;
    loaded_.apps.push_back(std::move(app));
    return mistake;
  }

  struct File {
    FilePlace place;
    std::filesystem::path path;           ///< by which it is known again
    std::optional<std::size_t> includer;  ///< of files_
  };
  struct Said {
    std::size_t file;
    std::string origin;
  };

  std::error_code ignored_;  ///< what cannot be looked at is known by its name
  std::vector<File> files_;
  std::map<std::string, Said, std::less<>> said_;  ///< settings that a file has said last
  Loaded loaded_;
  Mistakes mistakes_;
};

}  // namespace

Result<Loaded, Mistakes> load(const Invocation& invocation) { return Loading{}.run(invocation); }

}  // namespace indrik::config
