#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"
#include "log/error_log.h"
#include "process/scoreboard.h"
#include "supervisor/children.h"
#include "supervisor/reporter.h"

namespace indrik::supervisor {

/// Says which handlers hold their worker's loop, or a mutex while they wait: each place once with its stack, then only
/// how often more. All references outlive it.
class StallReports {
 public:
  static constexpr std::chrono::minutes kPause{10};  ///< after which a place is told with its stack again
  static constexpr std::size_t kPlaces = 1000;       ///< that are remembered; others are not told
  static constexpr std::size_t kOfOne = 5;           ///< places of one handler: it is long, and met all along it

  StallReports(process::Scoreboard& scoreboard, Reporter& reporter, log::ErrorLog& log)
      : scoreboard_{scoreboard}, reporter_{reporter}, log_{log} {}

  /// Takes what the worker tells, if anything.
  void look_at(const Child& child, TimePoint now);
  /// Says what has not been said, and forgets: other plugins run from now on, or none.
  void clear();

 private:
  struct Place {
    std::string who;         ///< the request that was met there first
    std::uint64_t more = 0;  ///< since it was told last
    TimePoint told;
    bool is_lock = false;
  };

  void note(const Child& child, const process::StallRecord& record, TimePoint now);
  void tell(const Child& child, const process::StallRecord& record, std::uint64_t more);
  void tell_end(const Child& child, const process::StallRecord& record);

  process::Scoreboard& scoreboard_;
  Reporter& reporter_;
  log::ErrorLog& log_;
  std::map<std::uint64_t, Place> places_;
  std::map<std::string, std::size_t> of_one_;  ///< how many places a handler has
  std::map<std::size_t, std::uint64_t> told_;  ///< by slot, the place whose end is to be told
  std::uint64_t untold_ = 0;                   ///< of places that nobody knows
};

}  // namespace indrik::supervisor
