#pragma once

#include "base/clock.h"

namespace indrik {

/// Turning a loop by hand, before it runs and after.
class Turns {
 public:
  /// Serves what is ready, waiting for it for `at_most`. False: it runs already.
  virtual bool turn(nanoseconds at_most) noexcept = 0;

 protected:
  ~Turns() = default;
};

}  // namespace indrik
