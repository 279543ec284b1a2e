#pragma once

#include "base/offloads.h"
#include "base/timers.h"
#include "base/watches.h"

namespace indrik {

/// What a worker's loop does for others: fibers, and plugins' coroutines. Lives as long as the loop.
struct LoopServices {
  Timers& timers;
  Watches& watches;
  Offloads& offloads;
};

}  // namespace indrik
