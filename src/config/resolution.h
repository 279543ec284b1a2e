#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "config/load.h"

namespace indrik::config {

/// Looks up what the references in the plugins' configuration and in `env` stand for; those stay as they were written,
/// for messages. What cannot be found is added to `mistakes`, which hold no value. `environment` is the server's own,
/// `env_folder` that of the file which says `env`.
void resolve_references(Loaded& loaded, std::span<const std::string> environment,
                        const std::filesystem::path& env_folder, Mistakes& mistakes);

}  // namespace indrik::config
