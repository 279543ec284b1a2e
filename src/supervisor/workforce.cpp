#include "supervisor/workforce.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "process/exit_status.h"
#include "supervisor/spawn.h"

namespace indrik::supervisor {
namespace {

std::string in_seconds(Clock::duration duration) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(duration).count());
}

TimePoint time_of(std::int64_t monotonic) noexcept {
  return TimePoint{std::chrono::duration_cast<Clock::duration>(nanoseconds{monotonic})};
}

/// A slot keeps its totals over the change of its worker; everything else is the worker's.
void clear(process::Slot& slot) noexcept {
  slot.state = process::WorkerState::empty;
  slot.server_stops = false;
  slot.asks_to_retire = false;
  slot.ends_in_order = false;
  slot.pid = 0;
  slot.connections = 0;
  slot.in_flight = 0;
  slot.fibers = 0;
  slot.expected = 0;
  slot.takes_connections = false;
  slot.heartbeat_ns = 0;
  process::end_running(slot);
  process::say_last_words(slot, {});
}

}  // namespace

Result<void> Workforce::spawn(const Generation& generation) {
  const auto number = *children_.vacant_slot();
  auto& slot = scoreboard_.slots()[number];
  clear(slot);
  auto& crash = scoreboard_.crashes().records()[number];
  crash = {};
  scoreboard_.stalls().records()[number].stage = process::StallRecord::Stage::none;
  slot.generation = generation.number;
  slot.heartbeat_ns = monotonic_ns();
  slot.state = process::WorkerState::starting;
  const Seat seat{.slot = slot,
                  .number = number,
                  .crash = crash,
                  .stall = scoreboard_.stalls().records()[number],
                  .stall_counts = scoreboard_.stalls().counts(),
                  .closed_routes = scoreboard_.crashes().closed_routes(),
                  .siblings = scoreboard_.slots().first(scoreboard_.bells().size()),
                  .bells = scoreboard_.bells(),
                  .notice_fd = notice_fd_,
                  .master = ::getpid(),
                  .listeners = {}};
  auto pid = spawn_worker(generation.plan, seat, {.signals = signals_, .listeners = listeners_});
  if (!pid) {
    clear(slot);
    return fail(std::move(pid).error());
  }
  slot.pid = *pid;
  children_.add(*pid, number, generation.number, generation.patience(), Clock::now());
  auto& child = *children_.find(*pid);
  child.worker_class = generation.plan.worker_class;
  child.requests_before = slot.requests;
  log_.debug("worker {} (pid {}) started", number, *pid);
  return {};
}

void Workforce::read_slot(Child& child) {
  const auto& slot = scoreboard_.slots()[child.slot];
  child.heartbeat = time_of(slot.heartbeat_ns.load(std::memory_order_relaxed));
  const auto state = slot.state.load(std::memory_order_acquire);
  child.asks_to_retire = slot.asks_to_retire.load(std::memory_order_relaxed);
  const bool retires = state == process::WorkerState::retiring;
  if (child.state == ChildState::starting && (retires || state == process::WorkerState::ready)) {
    tell(child, ChildEvent::became_ready);
    log_.debug("{} is ready", name_of(child));
  }
  if (child.state == ChildState::ready && retires) {
    tell(child, ChildEvent::retires_by_itself);
    log_.info("{} retires by itself", name_of(child));
  }
}

void Workforce::read_slots() {
  for (auto& child : children_.all()) read_slot(child);
}

std::vector<Loss> Workforce::reap(const std::function<void(pid_t child, int wait_status)>& stranger) {
  std::vector<Loss> losses;
  int status = 0;
  // SIGCHLDs merge: look for every exit, never count signals.
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    Child* child = children_.find(pid);
    if (child == nullptr) {  // the reporter's, a new master, or somebody's orphan, where we are process 1
      stranger(pid, status);
      continue;
    }
    read_slot(*child);  // it may have become ready since we last looked
    losses.push_back(loss_of(*child, status));
    clear(scoreboard_.slots()[child->slot]);
    children_.remove(pid);
  }
  return losses;
}

Loss Workforce::loss_of(const Child& child, int wait_status) const {
  const auto now = Clock::now();
  const auto& slot = scoreboard_.slots()[child.slot];
  const auto& crash = scoreboard_.crashes().records()[child.slot];
  const auto said = process::last_words_in(slot);
  const bool told = crash.stage != process::CrashRecord::Stage::none;
  return {.child = child,
          .wait_status = wait_status,
          .when = now,
          .crash = told ? std::make_unique<process::CrashRecord>(crash) : nullptr,
          .in_order = slot.ends_in_order,
          .connections = slot.connections,
          .in_flight = slot.in_flight,
          .running = running_in(child),
          .sentence = fmt::format("{} {} after {}{}{}{}{}", name_of(child), process::exit_description(wait_status),
                                  in_seconds(now - child.born), child.ready_at ? "" : ", before it was ready",
                                  occupation_of(child), said.empty() ? "" : ": ", said)};
}

void Workforce::hurry_overdue() {
  const auto now = Clock::now();
  for (const auto& due : children_.overdue(now)) {
    Child& child = *children_.find(due.pid);
    log_impatience(child, due.event, now);
    tell(child, due.event);
  }
}

void Workforce::log_impatience(const Child& child, ChildEvent event, TimePoint now) {
  const auto next = transition(child.state, event);
  const auto what = [&]() -> std::string {
    if (event == ChildEvent::fell_silent) return "has been silent for " + in_seconds(now - child.heartbeat);
    switch (child.state) {
      case ChildState::starting:
        return "is not ready after " + in_seconds(now - child.born);
      case ChildState::retiring:
        return "has not ended within a second of the graceful timeout";
      default:
        return "has not ended within a second";
    }
  }();
  log_.error("{} {}: sending {}{}", name_of(child), what, process::signal_name(next.signal), occupation_of(child));
}

void Workforce::tell(Child& child, ChildEvent event) {
  // The pid is still the child's: it has not been reaped.
  if (const int signal = Children::apply(child, event, Clock::now()); signal != 0) ::kill(child.pid, signal);
}

void Workforce::let_go(Child& child) {
  log_.info("{} retires as it has asked, its successor is ready", name_of(child));
  tell(child, ChildEvent::told_to_retire);
}

void Workforce::tell_all(ChildEvent event) {
  for (auto& child : children_.all()) tell(child, event);
}

void Workforce::announce_stop() noexcept {
  for (auto& slot : scoreboard_.slots()) slot.server_stops = true;
}

void Workforce::announce_end(const Child& child) noexcept { scoreboard_.slots()[child.slot].server_stops = true; }

void Workforce::forward(int signal) const noexcept {
  for (const auto& child : children_.all()) ::kill(child.pid, signal);
}

std::string Workforce::name_of(const Child& child) const {
  return fmt::format("worker {} (pid {})", child.slot, child.pid);
}

std::string Workforce::running_in(const Child& child) const {
  const auto running = process::running_in(scoreboard_.slots()[child.slot]);
  return running
             ? fmt::format("{}, running for {}", running->what, in_seconds(Clock::now() - time_of(running->since_ns)))
             : std::string{};
}

std::string Workforce::occupation_of(const Child& child) const {
  const auto running = process::running_in(scoreboard_.slots()[child.slot]);
  if (!running) return {};
  return fmt::format("; running for {}: {}", in_seconds(Clock::now() - time_of(running->since_ns)), running->what);
}

}  // namespace indrik::supervisor
