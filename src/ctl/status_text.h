#pragma once

#include <string>

#include "control/status.h"

namespace indrik::ctl {

/// How a server fares, for a person: some lines, and a table of its workers. What came from plugins and clients is
/// escaped.
std::string status_text(const control::Status& status);

}  // namespace indrik::ctl
