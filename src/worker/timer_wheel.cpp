#include "worker/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace indrik::worker {

TimerWheel::TimerWheel(Tick now) noexcept : now_{now} {
  for (auto& end : slots_) end = {.next = &end, .previous = &end, .due = 0};
}

void TimerWheel::start(Timer& timer, Tick due) noexcept {
  timer.due = std::max(due, now_ + 1);
  insert(timer);
  ++size_;
}

void TimerWheel::cancel(Timer& timer) noexcept {
  if (!timer.runs()) return;
  unlink(timer);
  --size_;
}

/// A slot is used again for the span after its own as soon as that has begun, since it is empty then.
std::size_t TimerWheel::slot_of(Tick due) const noexcept {
  const auto ahead = due - now_;
  if (ahead < Tick{kNear}) return near_slot(due);
  int shift = kNearBits;
  std::size_t first = kNear;
  while (shift + kFarBits < kNearBits + kFarBits * static_cast<int>(kFarWheels) && ahead >> (shift + kFarBits) != 0) {
    shift += kFarBits;
    first += kFar;
  }
  return first + static_cast<std::size_t>(std::min(due, now_ + kReach) >> shift) % kFar;
}

void TimerWheel::insert(Timer& timer) noexcept {
  const auto slot = slot_of(timer.due);
  auto& end = slots_[slot];
  timer.next = &end;
  timer.previous = end.previous;
  end.previous->next = &timer;
  end.previous = &timer;
  used_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void TimerWheel::unlink(Timer& timer) noexcept {
  timer.next->previous = timer.previous;
  timer.previous->next = timer.next;
  if (timer.next == timer.previous) {  // what is left of the ring is its end
    const auto slot = static_cast<std::size_t>(timer.next - slots_.data());
    used_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  }
  timer.next = timer.previous = nullptr;
}

/// How many slots lie between `from` and the next that is used, in a ring of `slots` from `wheel` on; `slots`: none is.
std::size_t TimerWheel::distance(std::size_t wheel, std::size_t slots, std::size_t from) const noexcept {
  for (std::size_t seen = 0; seen < slots;) {
    const auto at = (from + seen) % slots;
    const auto bits = used_[(wheel + at) / 64] >> (at % 64);
    if (bits != 0) return seen + static_cast<std::size_t>(std::countr_zero(bits));
    seen += 64 - at % 64;
  }
  return slots;
}

TimerWheel::Tick TimerWheel::next() const noexcept {
  if (size_ == 0) return kNever;
  if (is_used(near_slot(now_))) return now_;
  Tick soonest = kNever;
  const auto near = distance(0, kNear, near_slot(now_ + 1));
  if (near < kNear) soonest = now_ + 1 + static_cast<Tick>(near);
  for (std::size_t wheel = 0; wheel < kFarWheels; ++wheel) {
    const auto shift = kNearBits + kFarBits * static_cast<int>(wheel);
    const auto span = (now_ >> shift) + 1;
    const auto far = distance(kNear + wheel * kFar, kFar, static_cast<std::size_t>(span) % kFar);
    if (far < kFar) soonest = std::min(soonest, (span + static_cast<Tick>(far)) << shift);
  }
  return soonest;
}

TimerWheel::Timer* TimerWheel::pop(Tick now) noexcept {
  for (auto tick = next(); tick <= now; tick = next()) {
    if (tick > now_) move_to(tick);
    if (!is_used(near_slot(now_))) continue;
    auto& timer = *slots_[near_slot(now_)].next;
    cancel(timer);
    return &timer;
  }
  now_ = std::max(now_, now);
  return nullptr;
}

void TimerWheel::move_to(Tick tick) noexcept {
  now_ = tick;
  for (auto wheel = kFarWheels; wheel-- > 0;) {
    const auto shift = kNearBits + kFarBits * static_cast<int>(wheel);
    if ((tick & ((Tick{1} << shift) - 1)) == 0)
      bring_nearer(kNear + wheel * kFar + static_cast<std::size_t>(tick >> shift) % kFar);
  }
}

/// Its span has begun.
void TimerWheel::bring_nearer(std::size_t slot) noexcept {
  auto& end = slots_[slot];
  if (!is_used(slot)) return;
  Timer* const first = end.next;
  end.previous->next = nullptr;
  end.next = end.previous = &end;
  used_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  for (Timer* timer = first; timer != nullptr;) {
    auto& moved = *timer;
    timer = timer->next;
    insert(moved);
  }
}

}  // namespace indrik::worker
