#pragma once

#include <cstddef>
#include <mutex>

#include "base/offloads.h"
#include "worker/loop.h"
#include "worker/thread_pool.h"

namespace indrik::worker {

/// base's offloads: threads that start when they are first needed, and tell the loop when they are done.
class LoopOffloads final : public Offloads {
 public:
  LoopOffloads(const Loop& loop, std::size_t threads);
  bool submit(OffloadJob& job) noexcept override;
  /// Jobs that were submitted and whose done() was not yet called.
  std::size_t pending() const noexcept { return pending_; }

 private:
  void on_done(ev::async&, int) noexcept;

  ev::async wake_;
  std::mutex mutex_;
  OffloadJob* done_ = nullptr;  ///< the latest first
  std::size_t pending_ = 0;
  ThreadPool pool_;  ///< last: its threads use what stands above
};

}  // namespace indrik::worker
