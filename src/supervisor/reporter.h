#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "log/error_log.h"
#include "process/oom_watch.h"
#include "process/signal_queue.h"
#include "supervisor/listener_pool.h"
#include "supervisor/workforce.h"

namespace indrik::supervisor {

/// Writes one report about each worker whose end nobody asked for. The names of functions are looked up in the
/// plugins' files, which nobody vouches for, so that a child of the master does it and writes; when that fails or takes
/// too long the master writes the report without names. All references outlive it.
class Reporter {
 public:
  static constexpr milliseconds kPatience{5'000};

  /// `listeners` are closed in the helper; `signals` too.
  Reporter(ListenerPool& listeners, process::SignalQueue& signals, log::ErrorLog& log)
      : listeners_{listeners}, signals_{signals}, log_{log} {}

  /// The loss is an odd one; `sentence` is the report's first line.
  void report(const Loss& loss, const std::string& sentence);

  /// A child has ended that is no worker; nothing when it is no helper either.
  void ended(pid_t pid, int wait_status);
  /// Ends helpers that have run out of time.
  void hurry(TimePoint now) noexcept;
  TimePoint next_deadline() const noexcept;
  /// No report is being written.
  bool idle() const noexcept { return helpers_.empty(); }

 private:
  /// A report without names, as long as it may be needed.
  struct Helper {
    pid_t pid;
    TimePoint deadline;
    std::string sentence;
    std::vector<std::string> lines;
  };

  void begin_helper(const Loss& loss, const std::string& sentence, std::vector<std::string> lines);
  void help(const Loss& loss, const std::string& sentence, std::vector<std::string> lines) noexcept;

  ListenerPool& listeners_;
  process::SignalQueue& signals_;
  log::ErrorLog& log_;
  process::OomWatch oom_;
  std::vector<Helper> helpers_;
};

}  // namespace indrik::supervisor
