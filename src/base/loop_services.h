#pragma once

#include "base/guest.h"
#include "base/offloads.h"
#include "base/parking.h"
#include "base/posts.h"
#include "base/timers.h"
#include "base/turns.h"
#include "base/watches.h"

namespace indrik {

/// What a worker's loop does for others: fibers, and plugins' coroutines. Lives as long as the loop.
struct LoopServices {
  Timers& timers;
  Watches& watches;
  Offloads& offloads;
  // For plugins; fibers need none of these.
  Posts* posts = nullptr;
  Parking* parking = nullptr;
  Turns* turns = nullptr;
  Guest* guest = nullptr;
};

}  // namespace indrik
