#pragma once

#include <pthread.h>

#include <mutex>

#include "base/posts.h"
#include "worker/loop.h"

namespace indrik::worker {

/// base's posts. Made on the loop's thread.
class LoopPosts final : public Posts {
 public:
  explicit LoopPosts(const Loop& loop);
  void post(Post& post) noexcept override;
  void withdraw(Post& post) noexcept override;

  bool on_loop_thread() const noexcept { return ::pthread_equal(::pthread_self(), thread_) != 0; }

 private:
  void on_wake(ev::async&, int) noexcept;
  void deliver() noexcept;

  const pthread_t thread_ = ::pthread_self();
  struct ev_loop* loop_;
  ev::async wake_;
  std::mutex mutex_;
  Post ends_;  ///< next: the first that waits, previous: the last; itself where none does
};

}  // namespace indrik::worker
