#include "supervisor/children.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>

namespace indrik::supervisor {
namespace {

TimePoint after(milliseconds patience, TimePoint now) noexcept {
  return patience.count() == 0 ? TimePoint::max() : now + patience;
}

TimePoint deadline_of(ChildState state, const Patience& patience, TimePoint now) noexcept {
  switch (state) {
    case ChildState::starting:
      return after(patience.start, now);
    case ChildState::retiring:
      return now + patience.graceful + Patience::kOrderlyEnd;
    case ChildState::quitting:
    case ChildState::aborting:
      return now + Patience::kQuick;
    case ChildState::ready:
    case ChildState::killing:
      break;
  }
  return TimePoint::max();
}

/// When the child will have been silent for too long. One that starts has its start's deadline instead: it has no loop
/// yet that could beat.
TimePoint silent_at(const Child& child) noexcept {
  const bool beats = child.state == ChildState::ready || child.state == ChildState::retiring;
  if (!beats) return TimePoint::max();
  return after(child.patience.silence, std::max(child.heartbeat, child.ready_at.value_or(child.born)));
}

}  // namespace

std::optional<std::size_t> Children::vacant_slot() const noexcept {
  for (std::size_t slot = 0; slot < slots_; ++slot)
    if (std::none_of(all_.begin(), all_.end(), [&](const Child& child) { return child.slot == slot; })) return slot;
  return std::nullopt;
}

void Children::add(pid_t pid, std::size_t slot, std::uint32_t generation, const Patience& patience, TimePoint now) {
  all_.push_back({.pid = pid,
                  .slot = slot,
                  .generation = generation,
                  .patience = patience,
                  .born = now,
                  .heartbeat = now,
                  .deadline = deadline_of(ChildState::starting, patience, now)});
}

Child* Children::find(pid_t pid) noexcept {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const Child& child) { return child.pid == pid; });
  return found == all_.end() ? nullptr : &*found;
}

void Children::remove(pid_t pid) noexcept {
  std::erase_if(all_, [&](const Child& child) { return child.pid == pid; });
}

int Children::apply(Child& child, ChildEvent event, TimePoint now) noexcept {
  const auto [next, signal] = transition(child.state, event);
  if (next == child.state) return 0;
  child.state = next;
  child.deadline = deadline_of(next, child.patience, now);
  if (next == ChildState::ready) child.ready_at = now;
  return signal;
}

std::vector<Children::Due> Children::overdue(TimePoint now) const {
  std::vector<Due> due;
  for (const auto& child : all_) {
    if (child.deadline <= now)
      due.push_back({child.pid, ChildEvent::deadline_passed});
    else if (silent_at(child) <= now)
      due.push_back({child.pid, ChildEvent::fell_silent});
  }
  return due;
}

TimePoint Children::next_deadline() const noexcept {
  TimePoint next = TimePoint::max();
  for (const auto& child : all_) next = std::min({next, child.deadline, silent_at(child)});
  return next;
}

std::size_t Children::active(std::uint32_t generation) const noexcept {
  return static_cast<std::size_t>(std::count_if(all_.begin(), all_.end(), [&](const Child& child) {
    return child.generation == generation && child.is_active();
  }));
}

std::size_t Children::placed(std::uint32_t generation) const noexcept {
  return static_cast<std::size_t>(std::count_if(all_.begin(), all_.end(), [&](const Child& child) {
    const bool failing = child.state == ChildState::aborting || child.state == ChildState::killing;
    return child.generation == generation && (child.is_active() || (failing && !child.ready_at));
  }));
}

std::size_t Children::ready(std::uint32_t generation) const noexcept {
  return static_cast<std::size_t>(std::count_if(all_.begin(), all_.end(), [&](const Child& child) {
    return child.generation == generation && child.state == ChildState::ready;
  }));
}

Child* Children::oldest_active(std::uint32_t generation) noexcept {
  Child* oldest = nullptr;
  for (auto& child : all_)
    if (child.generation == generation && child.is_active() && (oldest == nullptr || child.born < oldest->born))
      oldest = &child;
  return oldest;
}

Child* Children::oldest_that_asks(std::uint32_t generation) noexcept {
  Child* oldest = nullptr;
  for (auto& child : all_)
    if (child.generation == generation && child.state == ChildState::ready && child.asks_to_retire &&
        (oldest == nullptr || child.born < oldest->born))
      oldest = &child;
  return oldest;
}

std::size_t Children::strangers(std::uint32_t generation) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(all_.begin(), all_.end(), [&](const Child& child) { return child.generation != generation; }));
}

bool died_young(const Child& child, int wait_status, TimePoint now, milliseconds youth) noexcept {
  if (child.state == ChildState::retiring || child.state == ChildState::quitting) return false;
  if (!child.ready_at) return true;
  const bool from_outside =
      WIFSIGNALED(wait_status) && (WTERMSIG(wait_status) == SIGKILL || WTERMSIG(wait_status) == SIGTERM);
  return !from_outside && now - *child.ready_at < youth;
}

}  // namespace indrik::supervisor
