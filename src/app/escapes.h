#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/configuration.h"

namespace indrik::app {

/// A sentence for each way in which the plugins, or libraries that came with them, get past the hooks of class green:
/// their waits would hold the whole worker. None in other classes. After the plugins were loaded, in a process that
/// may end; `before` is plugin::loaded_files() of before they were.
std::vector<std::string> escapes(const Configuration& configuration, std::span<const std::string> before);

}  // namespace indrik::app
