#include "supervisor/backoff.h"

#include <algorithm>

namespace indrik::supervisor {

void Backoff::died_young(TimePoint born, TimePoint now) noexcept {
  if (born < counted_) return;
  ++deaths_;
  count(now);
}

void Backoff::count(TimePoint now) noexcept {
  counted_ = now;
  next_ = now + delay_;
  delay_ = std::min(std::max(delay_ * 2, kFirst), kLongest);
}

void Backoff::fork_failed(TimePoint now) noexcept {
  delay_ = std::max(delay_, kFirst);
  count(now);
}

void Backoff::proved(TimePoint born) noexcept {
  if (born >= counted_) reset();
}

}  // namespace indrik::supervisor
