#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "log/error_log.h"
#include "process/oom_watch.h"
#include "process/signal_queue.h"
#include "supervisor/listener_pool.h"
#include "supervisor/workforce.h"

namespace indrik::supervisor {

/// What a worker that lives was seen to do.
struct Sighting {
  std::string sentence;
  std::vector<std::string> lines;
  std::int32_t thread = 0;
  std::vector<std::uintptr_t> frames;
  std::vector<process::LoadedModule> modules;
};

/// Writes one report about each worker whose end nobody asked for, and about what else has a stack. The names of
/// functions are looked up in the plugins' files, which nobody vouches for, so that a child of the master does it and
/// writes; when that fails or takes too long the master writes the report without names. All references outlive it.
class Reporter {
 public:
  static constexpr milliseconds kPatience{5'000};

  /// `listeners` are closed in the helper; `signals` too.
  Reporter(ListenerPool& listeners, process::SignalQueue& signals, log::ErrorLog& log)
      : listeners_{listeners}, signals_{signals}, log_{log} {}

  /// The loss is an odd one; `sentence` is the report's first line.
  void report(const Loss& loss, const std::string& sentence);

  /// The same for what a living worker tells: a sentence, lines, and the stack of one of its threads.
  void report(const Sighting& sighting);

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
    log::Level level;
    std::string sentence;
    std::vector<std::string> lines;
  };

  using AddStack = std::function<void(std::vector<std::string>& lines, bool with_names)>;
  void begin_helper(log::Level level, const std::string& sentence, std::vector<std::string> lines,
                    const AddStack& add_stack);
  void help(log::Level level, const std::string& sentence, std::vector<std::string> lines,
            const AddStack& add_stack) noexcept;

  ListenerPool& listeners_;
  process::SignalQueue& signals_;
  log::ErrorLog& log_;
  process::OomWatch oom_;
  std::vector<Helper> helpers_;
};

}  // namespace indrik::supervisor
