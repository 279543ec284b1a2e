#include "supervisor/desk.h"

namespace indrik::supervisor {

using control::Answer;
using control::Outcome;

void Desk::tell(const ReloadOutcome& outcome, std::uint32_t generation) {
  const Answer said{
      .outcome = outcome.done ? Outcome::ok : Outcome::failed, .text = outcome.sentence, .generation = generation};
  std::erase_if(reloads_, [&](const Waiting& one) {
    if (one.attempt > outcome.attempt) return false;
    answer(one.visitor, said);
    return true;
  });
}

void Desk::refuse_reloads(const std::string& reason) {
  for (const auto& one : reloads_) answer(one.visitor, {.outcome = Outcome::refused, .text = reason});
  reloads_.clear();
}

void Desk::hand_over() noexcept {
  if (door_ != nullptr) door_->hand_over();
}

void Desk::take_over() {
  if (door_ != nullptr) door_->take_over();
}

void Desk::farewell() {
  if (door_ == nullptr) return;
  door_->close();
  door_->farewell({.outcome = Outcome::ok, .text = "stopped"});
}

}  // namespace indrik::supervisor
