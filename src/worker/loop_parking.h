#pragma once

#include "base/parking.h"
#include "base/timers.h"
#include "worker/loop_posts.h"

namespace indrik::worker {

/// base's parking: in fibers, and in threads, the loop's among them.
class LoopParking final : public Parking {
 public:
  LoopParking(Timers& timers, LoopPosts& posts) noexcept : timers_{timers}, posts_{posts} {}
  Place place() const noexcept override;
  Outcome park(ParkRoom& room, nanoseconds timeout) noexcept override;
  void unpark(ParkRoom& room) noexcept override;

 private:
  struct Entry;
  Outcome park_fiber(Entry& entry, nanoseconds timeout) noexcept;
  static Outcome park_thread(Entry& entry, nanoseconds timeout) noexcept;

  Timers& timers_;
  LoopPosts& posts_;
};

}  // namespace indrik::worker
