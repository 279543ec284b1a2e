#pragma once

#include <poll.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "control/door.h"
#include "supervisor/reloading.h"

namespace indrik::supervisor {

/// Who has asked the master for something that takes its time, and what they are told when it is over. The door
/// outlives it.
class Desk {
 public:
  /// Null: nobody comes.
  explicit Desk(control::Door* door) noexcept : door_{door} {}

  void watch(std::vector<pollfd>& sources) const {
    if (door_ != nullptr) door_->watch(sources);
  }
  TimePoint next_deadline() const noexcept { return door_ != nullptr ? door_->next_deadline() : TimePoint::max(); }
  std::vector<control::Door::Visit> attend(TimePoint now) {
    return door_ != nullptr ? door_->attend(now) : std::vector<control::Door::Visit>{};
  }
  /// At once.
  void answer(control::Door::Visitor visitor, const control::Answer& answer) {
    door_->answer(visitor, answer, Clock::now());
  }

  /// The visitor is told how that attempt at a reload, or a later one, has ended.
  void await_reload(control::Door::Visitor visitor, unsigned attempt) { reloads_.push_back({visitor, attempt}); }
  /// An attempt has ended, or will not be made any more.
  void tell(const ReloadOutcome& outcome, std::uint32_t generation);
  void refuse_reloads(const std::string& reason);

  /// Another master has the door now.
  void hand_over() noexcept;
  /// The heir of another master has it now.
  void take_over();
  /// All is over: for those who have asked the server to stop.
  void farewell();

 private:
  struct Waiting {
    control::Door::Visitor visitor;
    unsigned attempt;
  };

  control::Door* door_;
  std::vector<Waiting> reloads_;
};

}  // namespace indrik::supervisor
