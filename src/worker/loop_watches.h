#pragma once

#include <atomic>
#include <cstdint>

#include "base/watches.h"
#include "worker/loop.h"

namespace indrik::worker {

/// base's watches on the loop; each lives in its WatchRoom.
class LoopWatches final : public Watches {
 public:
  /// `heartbeat` is set to coarse_monotonic_ns() whenever one is ready: what is woken is not stuck.
  LoopWatches(const Loop& loop, std::atomic<std::int64_t>& heartbeat) noexcept
      : loop_{loop.raw()}, heartbeat_{heartbeat} {}
  void start(WatchRoom& room, int descriptor, short events, void (*ready)(void* context, short what) noexcept,
             void* context) noexcept override;
  void cancel(WatchRoom& room) noexcept override;

 private:
  static void on_ready(struct ev_loop* loop, ev_io* watcher, int revents) noexcept;

  struct ev_loop* loop_;
  std::atomic<std::int64_t>& heartbeat_;
};

}  // namespace indrik::worker
