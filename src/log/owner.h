#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace indrik::log {

/// Whom a log file belongs to when a privileged process makes it for others, who open it again later.
struct Owner {
  uid_t user = 0;
  gid_t group = 0;
};

/// Makes an empty log file for its owner. One that is there already stays as it is, whatever it is: root must never
/// give away what somebody else has put in its way.
Result<void> create_for(const Owner& owner, const std::string& path);

}  // namespace indrik::log
