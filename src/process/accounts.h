#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"

namespace indrik::process {

/// A user of the system.
struct User {
  uid_t id = 0;
  std::optional<gid_t> group;  ///< its own; none: a number that no account has
  std::string name;            ///< empty: the same
};

/// Finds a user by name or number. A number needs no account. The error names the nearest name.
Result<User> find_user(const std::string& text);

/// Finds a group by name or number. A number needs no entry. The error names the nearest name.
Result<gid_t> find_group(const std::string& text);

}  // namespace indrik::process
