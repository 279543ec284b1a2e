#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace indrik::process {

/// Who a process shall become.
struct Identity {
  uid_t user = 0;
  gid_t group = 0;
  std::string name;  ///< of an account, whose further groups come along; empty: no further groups
};

/// Becomes `identity` for good: real, effective and saved ids. Tries to become root again, and fails if that works. For
/// a root process with one thread. Forgets die_with_parent(), so repeat that; the process may still leave a core.
Result<void> drop_privileges(const Identity& identity);

}  // namespace indrik::process
