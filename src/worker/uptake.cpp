#include "worker/uptake.h"

namespace indrik::worker {

Uptake::Verdict Uptake::look(std::int64_t taken, nanoseconds now, const LeastRate& rate) noexcept {
  if (moved_at_ < nanoseconds::zero()) {
    moved_at_ = now;
    taken_ = taken;
    return Verdict::fine;
  }
  if (taken <= taken_) return now - moved_at_ >= rate.grace ? Verdict::stalled : Verdict::fine;
  pace_.add(static_cast<std::uint64_t>(taken - taken_), now - moved_at_, rate);
  moved_at_ = now;
  taken_ = taken;
  return pace_.keeps_up(rate) ? Verdict::fine : Verdict::too_slow;
}

}  // namespace indrik::worker
