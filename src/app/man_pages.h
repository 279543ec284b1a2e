#pragma once

#include <string>

namespace indrik::app {

/// indrik(8): flags, signals and exit codes, out of their tables. Printed by --print-man-8.
std::string program_man_page();

/// indrik.toml(5): every setting, and what an [[app]] is. Printed by --print-man-5.
std::string settings_man_page();

}  // namespace indrik::app
