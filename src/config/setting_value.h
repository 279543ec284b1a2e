#pragma once

#include <string>

#include "base/result.h"
#include "config/setting_spec.h"
#include "config/value.h"

namespace indrik::config {

/// Reads what was written into the row's member of `settings`. The error says what is accepted, nothing is changed
/// then.
Result<void> assign(const SettingSpec& spec, const Written& written, Settings& settings);

/// Every setting as the table's fallback says.
Settings default_settings();

/// What the row accepts, in words: `a number from 1 to 1024, or "auto"`.
std::string accepted(const SettingSpec& spec);

/// The row's value in TOML: `4`, `"30s"`, `["127.0.0.1:8080"]`. Reading it gives the same value.
std::string format_value(const SettingSpec& spec, const Settings& settings);

}  // namespace indrik::config
