#include "supervisor/reloading.h"

#include <utility>

namespace indrik::supervisor {
namespace {

/// How long a new worker may take to become ready where no timeout is set: the old ones must not wait for ever.
constexpr milliseconds kStart{30'000};

}  // namespace

void Reloading::begin(std::size_t workers_now) {
  if (candidate_ || !std::exchange(asked_, false)) return;
  log_.info("reload begun");
  auto plan = read_plan_();
  if (!plan) return log_.error("reload failed: {}; nothing has changed", plan.error().text());
  Generation next{.plan = *std::move(plan), .number = ++last_number_};
  if (const auto room = workforce_.children().slots(); next.configured() + workers_now > room)
    return log_.error(
        "reload failed: {} new workers beside {} are more than the {} that there is room for; nothing has changed",
        next.configured(), workers_now, room);
  candidate_ = std::move(next);
}

void Reloading::spawn_candidates() {
  if (!candidate_) return;
  auto limits = candidate_->patience();
  if (limits.start.count() == 0) limits.start = kStart;
  auto& children = workforce_.children();
  // A full scoreboard is waited for: those who retire will leave it.
  while (children.placed(candidate_->number) < candidate_->configured() && children.vacant_slot()) {
    const auto spawned = workforce_.spawn(candidate_->plan.worker_main, candidate_->number, listeners_, limits);
    if (!spawned) return fail(spawned.error().text());
  }
}

std::optional<Generation> Reloading::take_ready() {
  if (!candidate_ || workforce_.children().ready(candidate_->number) < candidate_->configured()) return std::nullopt;
  return std::exchange(candidate_, std::nullopt);
}

void Reloading::fail(const std::string& reason) {
  log_.error("reload failed: {}; the workers of before stay", reason);
  for (auto& child : workforce_.children().all()) {
    if (!has_candidate(child)) continue;
    // One that has served may have requests.
    const bool starts = child.state == ChildState::starting;
    workforce_.tell(child, starts ? ChildEvent::told_to_quit : ChildEvent::told_to_retire, candidate_->patience());
  }
  candidate_.reset();
}

void Reloading::forget() noexcept {
  candidate_.reset();
  asked_ = false;
}

}  // namespace indrik::supervisor
