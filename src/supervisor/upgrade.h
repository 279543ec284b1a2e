#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "control/door.h"
#include "log/error_log.h"
#include "net/listener.h"
#include "process/program.h"

namespace indrik::supervisor {

/// The change to a new binary, as the old master sees it: from the start of the new master until that has told that its
/// workers are ready, or has failed and is gone. One at a time. All references outlive it.
class Upgrade {
 public:
  struct Limits {
    milliseconds boot;      ///< for the new master to become ready
    milliseconds graceful;  ///< for one that has failed to finish what its workers have begun
  };

  explicit Upgrade(log::ErrorLog& log) : log_{log} {}

  /// USR2: starts `program` with the listeners and the door, if there is one, handed over. Logs why, if that cannot be.
  void begin(const process::Program& program, std::span<const net::Listener> listeners, const control::Door* door,
             const Limits& limits);
  /// Hears what the new master says, and ends one that is late. True, once: it is ready, and the server is its own.
  bool advance();
  /// A child of ours that is no worker has ended.
  void note_end(pid_t child, int wait_status);
  /// The server stops, and the new master with it.
  void cancel(int signal);

  /// A new master is there that is not ours to follow: not yet ready, or it has failed and is to end.
  bool is_under_way() const noexcept { return stage_ != Stage::none && stage_ != Stage::done; }
  bool is_done() const noexcept { return stage_ == Stage::done; }
  pid_t heir() const noexcept { return heir_; }
  /// Readable when there is something to hear; -1: nothing to come.
  int fd() const noexcept { return report_.get(); }
  TimePoint next_deadline() const noexcept { return deadline_; }

 private:
  enum class Stage : std::uint8_t { none, booting, ending, killed, done };

  /// Whether the new master has said its last word.
  bool hear();
  std::string sentence() const;
  bool judge_last_word();
  void lose_patience();
  void expect_end();
  void fail(const std::string& reason);

  log::ErrorLog& log_;
  Stage stage_ = Stage::none;
  pid_t heir_ = 0;
  Fd report_;
  std::string heard_;
  bool said_why_ = false;
  Limits limits_{};
  TimePoint deadline_ = TimePoint::max();
};

}  // namespace indrik::supervisor
