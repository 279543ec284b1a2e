#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "log/error_log.h"
#include "process/closed_routes.h"
#include "process/crash_record.h"
#include "supervisor/master.h"

namespace indrik::supervisor {

/// Closes routes that keep killing workers, in all workers at once, and opens them again when their time is over.
/// Time is passed in. All references outlive it.
class Quarantine {
 public:
  Quarantine(process::ClosedRoutes& closed, log::ErrorLog& log) : closed_{closed}, log_{log} {}

  /// A worker has died of what the record tells; logs when that closes a route.
  void note(const process::CrashRecord& crash, const QuarantinePolicy& policy, TimePoint now);
  /// Opens what is due, and logs it.
  void expire(TimePoint now);
  /// Opens everything and forgets every crash: the code is new.
  void clear();
  TimePoint next_deadline() const noexcept;
  /// The names of those that are closed, and until when.
  std::vector<std::pair<std::string, TimePoint>> closed() const;

 private:
  struct Route {
    std::string name;
    std::vector<TimePoint> crashes;  ///< that count, oldest first
    std::optional<TimePoint> closed_until;
  };

  void open(std::uint64_t key, Route& route);
  void forget_old(milliseconds within, TimePoint now);

  process::ClosedRoutes& closed_;
  log::ErrorLog& log_;
  std::map<std::uint64_t, Route> routes_;
};

}  // namespace indrik::supervisor
