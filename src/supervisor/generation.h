#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "supervisor/children.h"
#include "supervisor/master.h"

namespace indrik::supervisor {

/// The workers of one plan. Each reload makes a new one.
struct Generation {
  Plan plan;
  std::uint32_t number = 0;
  /// Has kept its workers up, so that a later plan may fall back to this one.
  bool proven = false;

  std::size_t configured() const noexcept { return static_cast<std::size_t>(std::max(plan.policy.workers, 1)); }
  Patience patience() const noexcept {
    return {
        .silence = plan.policy.timeout, .start = plan.policy.boot_timeout, .graceful = plan.policy.graceful_timeout};
  }
};

}  // namespace indrik::supervisor
