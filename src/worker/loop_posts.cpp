#include "worker/loop_posts.h"

#include <utility>

namespace indrik::worker {
namespace {

void unlink(Post& post) noexcept {
  post.previous->next = post.next;
  post.next->previous = post.previous;
  post.next = post.previous = nullptr;
}

}  // namespace

LoopPosts::LoopPosts(const Loop& loop) : loop_{loop.raw()}, wake_{loop} {
  ends_.next = ends_.previous = &ends_;
  wake_.set<LoopPosts, &LoopPosts::on_wake>(this);
  wake_.start();
}

void LoopPosts::post(Post& post) noexcept {
  bool first = false;
  {
    const std::lock_guard lock{mutex_};
    if (post.previous != nullptr) return;
    first = ends_.next == &ends_;
    post.next = &ends_;
    post.previous = ends_.previous;
    post.previous->next = &post;
    ends_.previous = &post;
  }
  // On the loop's own thread the event needs neither a descriptor nor a turn: it is delivered in this one.
  if (on_loop_thread())
    ev_feed_event(loop_, static_cast<ev_async*>(&wake_), EV_ASYNC);
  else if (first)
    wake_.send();
}

void LoopPosts::withdraw(Post& post) noexcept {
  const std::lock_guard lock{mutex_};
  if (post.previous != nullptr) unlink(post);
}

void LoopPosts::on_wake(ev::async&, int) noexcept { deliver(); }

/// Those that are posted meanwhile are delivered too, but not for ever: the loop has others to serve.
void LoopPosts::deliver() noexcept {
  constexpr int kMostAtOnce = 1024;
  for (int count = 0; count < kMostAtOnce; ++count) {
    Post* post = nullptr;
    {
      const std::lock_guard lock{mutex_};
      if (ends_.next == &ends_) return;
      post = ends_.next;
      unlink(*post);
    }
    post->fired(post->context);  // it may be gone when this returns
  }
  wake_.send();  // in the next turn
}

}  // namespace indrik::worker
