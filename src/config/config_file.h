#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace indrik::config {

/// The whole of a regular file of at most 1 MiB. Never waits: a pipe or a device is refused, for whoever reads it at a
/// reload is the running master.
Result<std::string> read_config_file(const std::filesystem::path& path);

/// The same for another file that the configuration names; errors begin with `noun` and the path.
Result<std::string> read_text_file(const std::filesystem::path& path, std::string_view noun);

}  // namespace indrik::config
