#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "process/crash_record.h"
#include "process/pulse.h"
#include "process/stall_record.h"

namespace indrik::process {

/// Where a worker tells of its stalls. All of it outlives the watch.
struct StallSeat {
  StallRecord& record;
  StallCounts& counts;
  const CrashRecord& modules;               ///< whose list of modules is up to date
  std::atomic<std::uint64_t>& stalls;       ///< of the worker's slot
  std::atomic<std::uint64_t>& lock_stalls;  ///< the same
  int notice_fd = -1;                       ///< eventfd told when the record is there; -1: nobody
};

/// Watches from a thread of its own whether the thread that made it stays in one handler for longer than the threshold,
/// and tells in the seat which, where, and later for how long. While that thread does nothing, it sleeps.
class StallWatch {
 public:
  /// Begins to watch the calling thread, which beats the pulse and gets an alternate stack for signals elsewhere.
  StallWatch(Pulse& pulse, nanoseconds threshold, const StallSeat& seat);
  /// On the same thread. What was not told by then is not told.
  ~StallWatch();
  StallWatch(const StallWatch&) = delete;
  StallWatch& operator=(const StallWatch&) = delete;

  /// Takes the signal and starts the thread. Fails when either is not to be had: then nothing is watched.
  Result<void> start();

  /// The watched thread is about to wait while it holds `locks` mutexes. On the stack that waits.
  void note_locks(std::uint32_t locks) noexcept;

 private:
  void run() noexcept;
  void look(std::int64_t now) noexcept;
  void report(std::int64_t now) noexcept;
  void finish(std::int64_t now) noexcept;
  bool tell(const StallRecord& found) noexcept;
  void count(const StallRecord& found, std::atomic<std::uint64_t> StallCounts::Plugin::*of) noexcept;
  bool knows(std::uint64_t place) noexcept;

  Pulse& pulse_;
  const std::int64_t threshold_ns_;
  const StallSeat seat_;
  const pid_t watched_;
  std::thread thread_;
  std::atomic<bool> telling_{false};  ///< one of the two threads writes the record
  std::atomic<std::uint32_t> untold_{0};

  // The watching thread's.
  std::uint32_t seen_ = 0;  ///< the turn that it saw last
  std::int64_t since_ = 0;  ///< when it saw that first
  bool reported_ = false;   ///< of this turn
  bool owes_end_ = false;   ///< what was told has ended, or is going to
  StallRecord found_;
  StallRecord end_;

  // The watched thread's.
  StallRecord lock_found_;
  std::array<std::uint64_t, 64> lock_places_{};
};

}  // namespace indrik::process
