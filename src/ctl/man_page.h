#pragma once

#include <CLI/App.hpp>
#include <string>

namespace indrik::ctl {

/// indrikctl(1): the commands and flags that `app` has been told of, and its footer. Printed by --print-man.
std::string man_page(const CLI::App& app);

}  // namespace indrik::ctl
