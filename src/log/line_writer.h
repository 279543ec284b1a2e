#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"

namespace indrik::log {

/// Writes whole lines to a descriptor that may stop taking them: a pipe or terminal whose reader sleeps, a full disk.
/// A line that cannot be written is dropped and counted. One thread at a time.
class LineWriter {
 public:
  /// A line is waited for no longer; and not at all as long as the one before it was lost: a server that has much to
  /// say would stand still.
  static constexpr milliseconds kPatience{100};

  explicit LineWriter(Fd fd) noexcept { replace(std::move(fd)); }
  /// Goes on in another file; what was lost stays counted.
  void replace(Fd fd) noexcept;

  /// Writes `text`, one line or more with their ends; false: it is lost. To a regular file it is one write(2).
  bool write(std::string_view text) noexcept;

  /// Lines lost by this process since the last write() that succeeded: a fork begins with none.
  std::size_t lost() const noexcept;

 private:
  bool write_until(TimePoint deadline, std::string_view text) noexcept;

  Fd fd_;
  std::size_t piece_ = 0;  // bytes that one write(2) may take without blocking once poll(2) says "writable"
  bool torn_ = false;      // the last line was lost in its middle
  std::size_t lost_ = 0;
  pid_t loser_ = 0;  // the process that counted lost_
};

}  // namespace indrik::log
