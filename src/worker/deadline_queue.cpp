#include "worker/deadline_queue.h"

#include <algorithm>

namespace indrik::worker {

void Deadline::clear() noexcept {
  if (queue_) queue_->unlink(*this);
}

DeadlineQueue::DeadlineQueue(const Loop& loop, milliseconds duration, Expired expired)
    : loop_{loop}, duration_{to_tstamp(duration)}, expired_{std::move(expired)}, timer_{loop} {
  timer_.set<DeadlineQueue, &DeadlineQueue::on_timer>(this);
}

DeadlineQueue::~DeadlineQueue() {
  while (first_) unlink(*first_);
}

void DeadlineQueue::enter(Deadline& deadline) noexcept {
  deadline.clear();
  if (duration_ <= 0) return;
  deadline.due_ = loop_.now() + duration_;
  append(deadline);
  if (!timer_.is_active()) arm();
}

void DeadlineQueue::set_duration(milliseconds duration) noexcept {
  duration_ = to_tstamp(duration);
  for (auto* deadline = first_; deadline; deadline = deadline->next_) deadline->due_ = loop_.now() + duration_;
  timer_.stop();
  arm();
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

void DeadlineQueue::arm() noexcept {
  if (!first_) return;
  timer_.start(std::max(0.0, first_->due_ - loop_.now()));
}

void DeadlineQueue::on_timer(ev::timer&, int) noexcept {
  const ev_tstamp now = loop_.now();
  while (first_ && first_->due_ <= now) {
    Deadline& deadline = *first_;
    unlink(deadline);
    expired_(deadline, *this);
  }
  arm();
}

}  // namespace indrik::worker
