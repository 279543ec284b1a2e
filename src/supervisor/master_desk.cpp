// The master's side of the control socket: what is done for those who ask, and how the server fares.
#include <algorithm>
#include <chrono>
#include <ctime>

#include "process/running_request.h"
#include "supervisor/master_state.h"

namespace indrik::supervisor {
namespace {

using control::Outcome;

std::int64_t whole_seconds(Clock::duration duration) noexcept { return std::chrono::floor<seconds>(duration).count(); }

std::string_view name_of(Phase phase) noexcept {
  constexpr std::string_view kNames[] = {"starting", "serving", "leaving", "stopping", "stopping"};
  return kNames[static_cast<std::size_t>(phase)];
}

std::string_view name_of(ChildState state) noexcept {
  constexpr std::string_view kNames[] = {"starting", "ready", "retiring", "quitting", "aborting", "killing"};
  static_assert(std::size(kNames) == kChildStates);
  return kNames[static_cast<std::size_t>(state)];
}

control::WorkerStatus status_of(const Child& child, const process::Slot& slot, TimePoint now) {
  const auto running = process::running_in(slot);
  return {.number = child.slot,
          .pid = child.pid,
          .state = std::string{name_of(child.state)},
          .worker_class = std::string{child.worker_class},
          .generation = child.generation,
          .connections = slot.connections,
          .in_flight = slot.in_flight,
          .requests = slot.requests - child.requests_before,
          .age = whole_seconds(now - child.born),
          .running = running ? running->what : std::string{}};
}

}  // namespace

void Master::State::obey_visitors() {
  for (const auto& visit : desk.attend(Clock::now())) {
    using control::Command;
    if (visit.request.command != Command::status)
      log.info("asked to {} by pid {} (uid {})",
               visit.request.command == Command::reload ? "reload"
               : visit.request.now                      ? "stop now"
                                                        : "stop",
               visit.pid, visit.user);
    switch (visit.request.command) {
      case Command::status:
        desk.answer(visit.visitor, {.outcome = Outcome::ok, .server = status()});
        break;
      case Command::reload:
        reload_for(visit.visitor);
        break;
      case Command::stop:
        // Asked twice it does not hasten, unlike a signal: only "now" does.
        if (visit.request.now)
          stop(ChildEvent::told_to_quit);
        else if (phase == Phase::booting || phase == Phase::serving)
          ask_to_stop();
        break;
    }
  }
}

void Master::State::reload_for(control::Door::Visitor visitor) {
  if (phase != Phase::booting && phase != Phase::serving)
    return desk.answer(visitor, {.outcome = Outcome::refused, .text = "the server stops"});
  ++reloads_asked;
  desk.await_reload(visitor, reloading.ask());
}

void Master::State::tell_visitors() {
  desk.tell(reloading.last(), current.number);
  if (upgrade.is_done()) return desk.refuse_reloads("the server is another master's by now: ask again");
  if (phase != Phase::booting && phase != Phase::serving) desk.refuse_reloads("the server stops");
}

control::Status Master::State::status() {
  const auto now = Clock::now();
  control::Status said{.version = outside.version,
                       .pid = ::getpid(),
                       .state = std::string{name_of(phase)},
                       .uptime = whole_seconds(now - born),
                       .started_at = std::time(nullptr) - whole_seconds(now - born),
                       .generation = current.number,
                       .workers_wanted = wanted,
                       .workers_ready = children().ready(current.number),
                       .restarts = restarts,
                       .reloading = reloading.is_asked() || reloading.is_under_way(),
                       .upgrading_to = upgrade.is_under_way() ? upgrade.heir() : 0,
                       .upgraded_from = outside.predecessor};
  for (const auto& listener : listeners.all()) {
    auto name = current.plan.name_of(listener);
    if (said.listeners.empty() || said.listeners.back() != name) said.listeners.push_back(std::move(name));
  }
  const auto slots = workforce.slots();
  for (const auto& slot : slots) {
    said.requests += slot.requests;
    said.errors += slot.errors;
  }
  if (const auto& last = reloading.last(); last.attempt != 0)
    said.last_reload = {
        .result = last.done ? "ok" : "failed", .text = last.sentence, .age = whole_seconds(now - last.when)};
  for (const auto& [name, until] : quarantine.closed())
    said.closed_routes.push_back({.route = name, .opens_in = std::max<std::int64_t>(0, whole_seconds(until - now))});
  for (const auto& child : children().all()) said.workers.push_back(status_of(child, slots[child.slot], now));
  std::ranges::sort(said.workers, {}, &control::WorkerStatus::number);
  return said;
}

}  // namespace indrik::supervisor
