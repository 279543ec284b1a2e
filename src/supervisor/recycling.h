#pragma once

#include <sys/types.h>

#include "supervisor/workforce.h"

namespace indrik::supervisor {

/// Lets workers that have served enough go, one at a time: its successor is ready first, and the next one's turn comes
/// when it has ended. All references outlive it.
class Recycling {
 public:
  explicit Recycling(Workforce& workforce) noexcept : workforce_{workforce} {}

  /// Tells the one whose turn it is to retire, if the generation has a ready worker more than wanted, and picks the
  /// next.
  void advance(const Generation& generation, std::size_t wanted);
  /// Workers that the generation needs beside those wanted, for who still serves only until its successor is ready.
  std::size_t extra() const noexcept { return leaving_ != 0 && !told_ ? 1 : 0; }
  /// Nobody's turn: other workers come, or the server stops.
  void forget() noexcept { leaving_ = 0; }

 private:
  Workforce& workforce_;
  pid_t leaving_ = 0;  ///< whose turn it is; 0: nobody's
  bool told_ = false;
};

}  // namespace indrik::supervisor
