#include "supervisor/reloading.h"

#include <algorithm>
#include <utility>

#include <fmt/ranges.h>

namespace indrik::supervisor {

unsigned Reloading::ask() noexcept {
  asked_ = true;
  said_to_wait_ = false;
  return attempts_ + 1;
}

void Reloading::begin(const Generation& serving, std::size_t workers_now) {
  if (candidate_ || !asked_) return;
  if (const auto before = workforce_.children().strangers(serving.number); before > 0) {
    if (!std::exchange(said_to_wait_, true))
      log_.info("the reload waits for {} workers of before the last one to finish", before);
    return;
  }
  asked_ = false;
  ++attempts_;
  log_.info("reload begun");
  auto plan = read_plan_();
  if (!plan) return give_up(plan.error().text());
  Generation next{.plan = *std::move(plan), .number = ++last_number_};
  const auto room = workforce_.children().slots();
  if (std::max(next.configured(), workers_now) >= room)  // one more, when one is changed for another
    return give_up(fmt::format("{} new workers are more than there is room for, {}", next.configured(), room - 1));
  const auto opened = listeners_.open(next.plan.binding);
  if (!opened) return give_up(opened.error().text());
  if (!opened->empty()) log_.info("now listening at {}", fmt::join(*opened, ", "));
  candidate_ = std::move(next);
  at_once_ = 1;
  proven_at_ = TimePoint::max();
}

void Reloading::give_up(const std::string& reason) {
  const auto sentence = fmt::format("reload failed: {}; nothing has changed", reason);
  log_.error("{}", sentence);
  conclude(false, sentence);
}

void Reloading::conclude(bool done, const std::string& sentence) {
  last_ = {.attempt = attempts_, .done = done, .sentence = sentence, .when = Clock::now()};
}

void Reloading::fall_back(const Plan& good, const Generation& serving) {
  constexpr std::string_view kSentence = "the workers of the last reload do not stay up: back to what was before";
  log_.critical("{}", kSentence);
  conclude(false, std::string{kSentence});
  candidate_ = {.plan = good, .number = ++last_number_, .proven = true};
  at_once_ = candidate_->configured();
  proven_at_ = TimePoint::min();
  if (const auto opened = listeners_.open(good.binding); !opened) fail(opened.error().text(), serving);
}

void Reloading::spawn_candidates(const Generation& serving) {
  if (!candidate_) return;
  auto& children = workforce_.children();
  if (proven_at_ == TimePoint::max() && children.ready(candidate_->number) > 0) proven_at_ = Clock::now() + kProof;
  const auto target = [&] { return std::min(candidate_->configured(), ready() + at_once_); };
  // A full scoreboard is waited for: those who retire will leave it.
  while (candidate_ && children.placed(candidate_->number) < target() && children.vacant_slot())
    if (const auto spawned = workforce_.spawn(*candidate_); !spawned) fail(spawned.error().text(), serving);
}

std::size_t Reloading::old_ones_needed(std::size_t wanted) const noexcept {
  if (!candidate_) return wanted;
  return wanted - std::min(wanted - 1, ready());
}

std::size_t Reloading::ready() const noexcept {
  return Clock::now() < proven_at_ ? 0 : workforce_.children().ready(candidate_->number);
}

TimePoint Reloading::next_deadline() const noexcept {
  return candidate_ && proven_at_ > Clock::now() ? proven_at_ : TimePoint::max();
}

std::optional<Generation> Reloading::take_ready() {
  if (!candidate_ || ready() < candidate_->configured()) return std::nullopt;
  return std::exchange(candidate_, std::nullopt);
}

void Reloading::fail(const std::string& reason, const Generation& serving) {
  const auto sentence = fmt::format("reload failed: {}; the workers of before stay", reason);
  log_.error("{}", sentence);
  conclude(false, sentence);
  for (auto& child : workforce_.children().all()) {
    if (!has_candidate(child)) continue;
    // One that has served may have requests.
    const bool starts = child.state == ChildState::starting;
    workforce_.tell(child, starts ? ChildEvent::told_to_quit : ChildEvent::told_to_retire);
  }
  candidate_.reset();
  (void)listeners_.close_others(serving.plan.binding);
}

void Reloading::forget() noexcept {
  candidate_.reset();
  asked_ = false;
}

}  // namespace indrik::supervisor
