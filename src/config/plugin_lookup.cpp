#include "config/plugin_lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "config/messages.h"

namespace indrik::config {

namespace fs = std::filesystem;

namespace {

bool is_file(const fs::path& path) {
  std::error_code ignored;  // what cannot be looked at is not there for us
  return fs::is_regular_file(path, ignored);
}

/// The name most likely meant, of those that stand in `folders`.
std::string nearest_name(const std::string& name, const std::vector<fs::path>& folders) {
  std::vector<std::string> found;
  for (const auto& folder : folders) {
    std::error_code error;
    for (fs::directory_iterator it{folder, error}; !error && it != fs::directory_iterator{}; it.increment(error))
      if (it->path().extension() == ".so") found.push_back(it->path().filename().native());
  }
  std::sort(found.begin(), found.end());  // a folder has no order
  if (std::binary_search(found.begin(), found.end(), name + ".so")) return fmt::format("; did you mean {}.so?", name);
  return did_you_mean(name, std::vector<std::string_view>{found.begin(), found.end()}, "");
}

}  // namespace

Result<fs::path> find_plugin(std::string_view name, const Lookup& lookup) {
  if (name.find('/') != std::string_view::npos) {
    const fs::path path{name};
    if (is_file(path)) return path;
    return fail(Error::format("plugin {}: no such file{}", printable(name),
                              nearest_name(path.filename().native(), {path.parent_path()})));
  }
  std::vector<fs::path> searched;
  for (const auto& folder : {lookup.working_folder, lookup.config_folder, lookup.plugin_directory}) {
    if (folder.empty() || std::find(searched.begin(), searched.end(), folder) != searched.end()) continue;
    if (auto path = folder / name; is_file(path)) return path;
    if (auto path = folder / (std::string{name} + ".so"); !name.ends_with(".so") && is_file(path)) return path;
    searched.push_back(folder);
  }
  std::string folders;
  for (const auto& folder : searched) folders += (folders.empty() ? "" : ", ") + folder.native();
  return fail(Error::format("plugin {} is in none of the folders {}{}", printable(name), folders,
                            nearest_name(std::string{name}, searched)));
}

Lookup lookup_for(const PluginApp& app, const Loaded& loaded) {
  Lookup lookup{.plugin_directory = plugin_folder(loaded.settings)};
  if (app.from_command_line) lookup.working_folder = ".";
  // A file's name alone stands in the current folder, and dlopen(3) wants a slash.
  if (!app.folder.empty())
    lookup.config_folder = app.folder;
  else if (!loaded.config_file.empty())
    lookup.config_folder = loaded.config_file.has_parent_path() ? loaded.config_file.parent_path() : fs::path{"."};
  return lookup;
}

fs::path plugin_folder(const Settings& settings) {
  if (!settings.plugin_directory.empty()) {
    return settings.plugin_directory.has_parent_path() ? settings.plugin_directory : "." / settings.plugin_directory;
  }
  std::error_code error;
  const auto self = fs::read_symlink("/proc/self/exe", error);
  const auto beside = error ? fs::path{"./plugins"} : self.parent_path() / "plugins";
  return fs::is_directory(beside, error) ? beside : fs::path{INDRIK_PLUGIN_DIR};
}

}  // namespace indrik::config
