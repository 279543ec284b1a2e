#include "worker/deadline_queue.h"

#include <algorithm>

namespace indrik::worker {
void Deadline::clear() noexcept {
  if (queue_) queue_->unlink(*this);
}

DeadlineQueue::DeadlineQueue(const Loop& loop, milliseconds duration, Expired expired)
    : duration_ns_{nanoseconds{duration}.count()}, expired_{std::move(expired)}, timer_{loop} {
  timer_.set<DeadlineQueue, &DeadlineQueue::on_timer>(this);
  timer_.priority = EV_MINPRI;  // after the descriptors of the same turn
}

DeadlineQueue::~DeadlineQueue() {
  while (first_) unlink(*first_);
}

void DeadlineQueue::enter(Deadline& deadline) noexcept {
  deadline.clear();
  if (duration_ns_ <= 0) return;
  deadline.due_ns_ = coarse_monotonic_ns() + duration_ns_;
  append(deadline);
  if (!timer_.is_active()) arm(first_->due_ns_ - deadline.due_ns_ + duration_ns_);
}

void DeadlineQueue::set_duration(milliseconds duration) noexcept {
  duration_ns_ = nanoseconds{duration}.count();
  const std::int64_t due = coarse_monotonic_ns() + duration_ns_;
  for (auto* deadline = first_; deadline; deadline = deadline->next_) deadline->due_ns_ = due;
  timer_.stop();
  if (first_) arm(duration_ns_);
}

void DeadlineQueue::append(Deadline& deadline) noexcept {
  deadline.queue_ = this;
  deadline.previous_ = last_;
  deadline.next_ = nullptr;
  (last_ ? last_->next_ : first_) = &deadline;
  last_ = &deadline;
}

void DeadlineQueue::unlink(Deadline& deadline) noexcept {
  (deadline.previous_ ? deadline.previous_->next_ : first_) = deadline.next_;
  (deadline.next_ ? deadline.next_->previous_ : last_) = deadline.previous_;
  deadline.queue_ = nullptr;
  // The timer keeps running for whoever was first: firing once for nothing is cheaper than stopping it each time.
}

void DeadlineQueue::arm(std::int64_t after_ns) noexcept {
  timer_.start(std::max(0.0, to_tstamp(nanoseconds{after_ns})));
}

void DeadlineQueue::on_timer(ev::timer&, int) noexcept {
  const std::int64_t now = coarse_monotonic_ns();
  while (first_ && first_->due_ns_ <= now) {
    Deadline& deadline = *first_;
    unlink(deadline);
    expired_(deadline, *this);
  }
  // It may run already, for whoever came in since it fired; those who were there before are due sooner.
  timer_.stop();
  if (first_) arm(first_->due_ns_ - now);
}

}  // namespace indrik::worker
