#pragma once

#include "base/clock.h"

namespace indrik::supervisor {

/// When the next worker may be forked after some have died young: the first is replaced at once, the next ones after
/// 100 ms, 200 ms … 10 s. Workers that were there already when the last death was counted belong to the same failure:
/// eight that crash together count once.
class Backoff {
 public:
  static constexpr milliseconds kFirst{100};
  static constexpr milliseconds kLongest{10'000};
  /// A worker that serves for so long proves that the trouble is over.
  static constexpr milliseconds kProof{10'000};

  void died_young(TimePoint born, TimePoint now) noexcept;
  /// Counts like a young death, but the next try is never at once: nothing will have changed.
  void fork_failed(TimePoint now) noexcept;
  /// A worker born at `born` has served for kProof.
  void proved(TimePoint born) noexcept;
  void reset() noexcept { *this = Backoff{}; }
  /// Young deaths that were counted since the last proof.
  int deaths() const noexcept { return deaths_; }

  /// Forking is allowed from here on.
  TimePoint next() const noexcept { return next_; }

 private:
  void count(TimePoint now) noexcept;

  int deaths_ = 0;
  TimePoint next_ = TimePoint::min();
  TimePoint counted_ = TimePoint::min();  // the last death that was counted
  milliseconds delay_{0};                 // of the next one
};

}  // namespace indrik::supervisor
