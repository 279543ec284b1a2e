#pragma once

#include <string>
#include <string_view>

namespace indrik::config {

/// A flag as people write it: "-w, --workers".
std::string spaced(std::string_view flag);

/// What --help prints: every flag by group, at most 100 columns wide.
std::string help_text();

/// conf/indrik.toml: every setting with its default, what it means and what it accepts. Printed by --print-sample.
std::string sample_toml();

/// docs/settings.md. Printed by --print-manual.
std::string settings_markdown();

}  // namespace indrik::config
