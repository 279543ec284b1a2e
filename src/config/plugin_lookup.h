#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "config/load.h"

namespace indrik::config {

/// Where a plugin named without a slash is looked for, in this order; an empty folder is not searched.
struct Lookup {
  std::filesystem::path working_folder;
  std::filesystem::path config_folder;
  std::filesystem::path plugin_directory;
};

/// A path with a slash, ready for dlopen(3). A name with a slash is taken as given; one without ".so" means the file
/// with it as well. The error names every folder that
/// was searched, and the nearest name found there.
Result<std::filesystem::path> find_plugin(std::string_view name, const Lookup& lookup);

/// The folders for one of loaded.apps: beside the file that names it, and only what stands on the command line is
/// looked for in the current folder.
Lookup lookup_for(const PluginApp& app, const Loaded& loaded);

/// The setting plugin_directory; if that is empty, `plugins` beside this executable, as after a build; if that is not
/// there, the folder of installed plugins.
std::filesystem::path plugin_folder(const Settings& settings);

}  // namespace indrik::config
