#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <initializer_list>
#include <optional>
#include <span>

#include "base/fd.h"
#include "base/result.h"

namespace indrik::process {

/// Signals as data: from open() on they are blocked in the calling thread and wait here until they are read.
/// Pending signals of one number merge into one (signal(7)). A child inherits the blocking, not what is pending; it
/// opens a queue of its own, for a signalfd reads the signals of whoever reads it.
class SignalQueue {
 public:
  /// Blocks `signals`, in addition to what is blocked already. Call before any thread is started.
  static Result<SignalQueue> open(std::span<const int> signals);
  static Result<SignalQueue> open(std::initializer_list<int> signals) {
    return open(std::span{signals.begin(), signals.size()});
  }

  /// Readable while a signal waits; for poll(2) and event loops.
  int fd() const noexcept { return fd_.get(); }
  /// The next signal, with its sender; none when none waits. Never blocks.
  std::optional<signalfd_siginfo> next() noexcept;
  /// In a forked child: gives the inherited queue up. The signals stay blocked.
  void close() noexcept { fd_.reset(); }

 private:
  explicit SignalQueue(Fd fd) noexcept : fd_{std::move(fd)} {}
  Fd fd_;
};

/// Gives every signal its default disposition and unblocks it; only what ignore_write_signals() ignores
/// stays ignored. For a child, before it runs what knows nothing of the parent's queue.
void restore_default_signals_in_child() noexcept;

/// From here on a write that cannot be done fails, to a closed socket or pipe with EPIPE, beyond RLIMIT_FSIZE with
/// EFBIG, and ends nobody; children inherit it.
void ignore_write_signals() noexcept;

/// Blocks more signals in the calling thread, for whoever will read them later.
void block_signals(std::initializer_list<int> signals) noexcept;

}  // namespace indrik::process
