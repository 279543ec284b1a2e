#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/load.h"
#include "process/privileges.h"

namespace indrik::app {

/// Whom the settings user and group make of the workers; none: nothing is changed. What is wrong with them is appended
/// to `mistakes`.
std::optional<process::Identity> find_identity(const config::Loaded& loaded, std::vector<std::string>& mistakes);

}  // namespace indrik::app
