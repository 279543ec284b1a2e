#pragma once

#include <string>
#include <vector>

#include "integration/support/site.h"

namespace indrik::test {

/// A change of a site that cannot work, and what the one sentence about it names.
struct BadChange {
  std::string name;
  void (*make)(const Site&);
  std::string cause;
  bool serves_first = false;  ///< its worker takes connections before it fails
};

/// One of each kind, for a site of two workers.
std::vector<BadChange> bad_changes();

}  // namespace indrik::test
