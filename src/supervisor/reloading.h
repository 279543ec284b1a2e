#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "log/error_log.h"
#include "supervisor/generation.h"
#include "supervisor/listener_pool.h"
#include "supervisor/workforce.h"

namespace indrik::supervisor {

/// How an attempt at a reload has ended. They are counted from 1; what takes an attempt back has its number.
struct ReloadOutcome {
  unsigned attempt = 0;  ///< 0: there was none yet
  bool done = false;
  std::string sentence{};  ///< as the log has it
  TimePoint when{};
};

/// Brings the workers of a new plan up beside those that serve. The first of them is the canary: only when it has been
/// ready for kProof comes the next, and for each that is ready one of the old ones may go. At most one such candidate
/// is under way. All references outlive it.
class Reloading {
 public:
  static constexpr milliseconds kProof{1'000};

  /// `first` is the number of the generation that serves from the start.
  Reloading(Reload read_plan, std::uint32_t first, Workforce& workforce, ListenerPool& listeners, log::ErrorLog& log)
      : read_plan_{std::move(read_plan)},
        last_number_{first},
        workforce_{workforce},
        listeners_{listeners},
        log_{log} {}

  /// HUP: to be begun as soon as no other reload is under way. Returns the number that the attempt will have: who asks
  /// before it has begun shares it.
  unsigned ask() noexcept;
  /// Reads the plan and opens its listeners, if that was asked for, nothing is under way, and the generation before
  /// `serving` has gone: old generations do not pile up. Logs why there is no candidate.
  void begin(const Generation& serving, std::size_t workers_now);
  /// Makes a plan that has served well the candidate again, all of its workers at once: nobody serves meanwhile.
  void fall_back(const Plan& good, const Generation& serving);
  /// Forks what the candidate lacks; fails it if that cannot be done.
  void spawn_candidates(const Generation& serving);
  /// How many of `wanted` old workers are still to serve beside the new ones that are ready; one at least until the
  /// end, so that nobody waits in vain where only the old ones listen.
  std::size_t old_ones_needed(std::size_t wanted) const noexcept;
  /// When the canary will have proved itself, if that is what is waited for.
  TimePoint next_deadline() const noexcept;
  /// The candidate, once all of its workers are ready: the reload is over.
  std::optional<Generation> take_ready();

  /// The attempt, or its taking back, is over.
  void conclude(bool done, const std::string& sentence);
  const ReloadOutcome& last() const noexcept { return last_; }

  bool is_asked() const noexcept { return asked_; }
  bool is_under_way() const noexcept { return candidate_.has_value(); }
  bool has_candidate(const Child& child) const noexcept { return candidate_ && child.generation == candidate_->number; }
  /// Ends the candidate's workers, closes what only they listened to, and says why.
  void fail(const std::string& reason, const Generation& serving);
  /// The server stops: nothing is under way, nothing is asked for.
  void forget() noexcept;

 private:
  /// Of the candidate; none counts before the canary has proved itself.
  std::size_t ready() const noexcept;
  /// It has failed before a worker was started.
  void give_up(const std::string& reason);

  Reload read_plan_;
  std::uint32_t last_number_;
  Workforce& workforce_;
  ListenerPool& listeners_;
  log::ErrorLog& log_;
  std::optional<Generation> candidate_;
  std::size_t at_once_ = 1;                 ///< of the candidate's workers may be starting
  TimePoint proven_at_ = TimePoint::max();  ///< the canary; max: it is not ready
  unsigned attempts_ = 0;                   ///< that have begun
  ReloadOutcome last_{};
  bool asked_ = false;
  bool said_to_wait_ = false;
};

}  // namespace indrik::supervisor
