#pragma once

#include <string>

#include "config/load.h"

namespace indrik::config {

/// The whole configuration as TOML, each value with its origin in a comment. Read as a configuration file it gives the
/// same settings and apps.
std::string print_config(const Loaded& loaded);

}  // namespace indrik::config
