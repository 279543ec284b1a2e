#include "fiber/parking.h"

#include <algorithm>
#include <utility>

#include "fiber/fiber.h"

namespace indrik::fiber {

Parking::Parking() noexcept : fiber_{*current()}, timers_{current_loop().timers} {}

void Parking::ring(void* parking) noexcept { resume(static_cast<Parking*>(parking)->fiber_); }

void Parking::forget(void* parking) noexcept {
  auto& self = *static_cast<Parking*>(parking);
  if (self.timed_) self.timers_.cancel(self.room_);
}

void Parking::start(nanoseconds delay) noexcept {
  timed_ = true;
  timers_.start(room_, delay, &Parking::ring, this);
}

WaitEnd Parking::outcome() noexcept {
  parked_ = timed_ = false;
  return std::exchange(woken_, false) ? WaitEnd::woken : WaitEnd::timed_out;
}

WaitEnd Parking::wait(nanoseconds at_most) noexcept {
  if (is_cancelled()) {
    const auto end = wait_through(std::min<nanoseconds>(at_most, kCancelledSleep));
    return end == WaitEnd::woken ? end : WaitEnd::cancelled;
  }
  if (!woken_) {
    if (at_most != kAsLongAsItTakes) start(at_most);
    parked_ = true;
    park(&Parking::forget, this);
  }
  const auto end = outcome();
  return end != WaitEnd::woken && is_cancelled() ? WaitEnd::cancelled : end;
}

WaitEnd Parking::wait_through(nanoseconds at_most) noexcept {
  if (!woken_) {
    if (at_most != kAsLongAsItTakes) start(at_most);
    parked_ = true;
    park();
  }
  return outcome();
}

void Parking::wake_in(nanoseconds delay) noexcept {
  const bool at_once = delay == nanoseconds::zero();
  if (at_once && std::exchange(woken_, true)) return;
  if (!parked_ || (timed_ && !at_once)) return;
  if (timed_) timers_.cancel(room_);
  start(delay);
}

void yield_turn() noexcept { Parking{}.wait_through(nanoseconds::zero()); }

nanoseconds Backoff::next() noexcept {
  constexpr unsigned kTurns = 8;
  if (attempts_ < kTurns) return ++attempts_, nanoseconds::zero();
  const auto shift = std::min(attempts_++ - kTurns, 16U);
  return std::min<nanoseconds>(milliseconds{1} * (1U << (shift / 2)), longest_);
}

}  // namespace indrik::fiber
