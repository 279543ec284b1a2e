#pragma once

#include <string>
#include <string_view>

#include "config/value.h"

namespace indrik::config {

/// A basic string of TOML, quotes included; every byte that TOML forbids there is escaped.
std::string toml_string(std::string_view text);

/// A key of TOML: bare where that is allowed, else quoted. Dots join the parts of a nested key and stay bare.
std::string toml_key(std::string_view dotted);

std::string toml_value(const Value& value);

}  // namespace indrik::config
