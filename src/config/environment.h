#pragma once

#include <string>
#include <vector>

#include "config/value.h"

namespace indrik::config {

struct EnvironmentReading {
  std::vector<Written> settings;
  std::vector<std::string> mistakes;
};

/// Picks INDRIK_KEY=VALUE for every row of the table out of `environment` ("NAME=VALUE" each). Another INDRIK_ name is
/// a mistake only if it looks like a misspelt setting: orchestrators add names of their own (INDRIK_SERVICE_HOST).
EnvironmentReading read_environment(const std::vector<std::string>& environment);

}  // namespace indrik::config
