#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "log/error_log.h"
#include "net/listener.h"
#include "supervisor/generation.h"
#include "supervisor/workforce.h"

namespace indrik::supervisor {

/// Brings the workers of a new plan up beside those that serve; until all of them are ready, nothing else changes. At
/// most one such candidate is under way. All references outlive it.
class Reloading {
 public:
  /// `first` is the number of the generation that serves from the start.
  Reloading(Reload read_plan, std::uint32_t first, Workforce& workforce, std::span<net::Listener> listeners,
            log::ErrorLog& log)
      : read_plan_{std::move(read_plan)},
        last_number_{first},
        workforce_{workforce},
        listeners_{listeners},
        log_{log} {}

  /// HUP: to be begun as soon as no other reload is under way.
  void ask() noexcept { asked_ = true; }
  /// Reads the plan, if that was asked for and nothing is under way. Logs why there is no candidate.
  void begin(std::size_t workers_now);
  /// Forks what the candidate lacks; fails it if that cannot be done.
  void spawn_candidates();
  /// The candidate, once all of its workers are ready: the reload is over.
  std::optional<Generation> take_ready();

  bool has_candidate(const Child& child) const noexcept { return candidate_ && child.generation == candidate_->number; }
  /// Ends the candidate's workers, and says why.
  void fail(const std::string& reason);
  /// The server stops: nothing is under way, nothing is asked for.
  void forget() noexcept;

 private:
  Reload read_plan_;
  std::uint32_t last_number_;
  Workforce& workforce_;
  std::span<net::Listener> listeners_;
  log::ErrorLog& log_;
  std::optional<Generation> candidate_;
  bool asked_ = false;
};

}  // namespace indrik::supervisor
