#include "supervisor/master.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>

#include <fmt/ranges.h>

#include "process/parent.h"
#include "supervisor/crash_report.h"
#include "supervisor/master_state.h"

namespace indrik::supervisor {
namespace {

/// So many young deaths in a row, without one worker that lasted: the plan is at fault.
constexpr int kHopeless = 4;

process::SignalQueue open_signals() {
  std::vector<int> numbers;
  numbers.reserve(std::size(kSignals));
  for (const auto& spec : kSignals) numbers.push_back(spec.number);
  auto queue = process::SignalQueue::open(numbers);
  if (!queue) throw BootError{ExitCode::run_failed, queue.error().text()};
  return *std::move(queue);
}

Fd open_notice() {
  Fd notice{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!notice) throw BootError{ExitCode::run_failed, Error::from_errno(errno, "make an eventfd").text()};
  return notice;
}

ExitCode boot_failure(int wait_status) noexcept {
  const int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0;
  if (code == static_cast<int>(ExitCode::plugin_not_loaded)) return ExitCode::plugin_not_loaded;
  if (code == static_cast<int>(ExitCode::wrong_configuration)) return ExitCode::wrong_configuration;
  return ExitCode::never_ready;
}

int poll_timeout(TimePoint deadline) noexcept {
  if (deadline == TimePoint::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

}  // namespace

Master::State::State(Plan plan, Reload reload_plan, ListenerPool open, process::Scoreboard& scoreboard,
                     log::ErrorLog& error_log)
    : listeners{std::move(open)},
      log{error_log},
      signals{open_signals()},
      notice{open_notice()},
      workforce{scoreboard, signals, listeners, notice.get(), error_log},
      current{.plan = std::move(plan), .number = 1, .proven = true},
      wanted{current.configured()},
      reloading{std::move(reload_plan), current.number, workforce, listeners, error_log},
      reporter{listeners, signals, error_log},
      stalls{scoreboard, reporter, error_log},
      quarantine{scoreboard.crashes().closed_routes(), error_log} {}

Master::Master(Plan plan, Reload reload, ListenerPool listeners, process::Scoreboard& scoreboard, log::ErrorLog& log)
    : state_{std::make_unique<State>(std::move(plan), std::move(reload), std::move(listeners), scoreboard, log)} {}

Master::~Master() = default;

void Master::meet(Surroundings surroundings) {
  auto& s = *state_;
  s.outside = std::move(surroundings);
  s.announcer = Announcer{s.outside.service_manager};
  s.announcer.inherit(std::move(s.outside.stored));
  s.desk = Desk{s.outside.door};
  if (s.outside.predecessor == 0) return;
  s.announcer.be_silent();  // it is the service manager's main process
  s.predecessor = process::watch_process(s.outside.predecessor);
}

int Master::run() {
  auto& s = *state_;
  process::ignore_write_signals();
  if (const auto patience = s.current.plan.policy.boot_timeout; patience.count() > 0)
    s.boots_until = Clock::now() + patience;
  while (s.phase != Phase::stopped) {  // from here on we must not die: log, set a deadline, try again
    s.spawn_missing_workers();         // none while stopping
    s.tell_service_manager();
    s.wait_until_something_happens();
    s.obey_signals();
    s.obey_visitors();
    s.workforce.read_slots();
    for (const auto& child : s.children().all()) s.stalls.look_at(child, Clock::now());
    const auto losses = s.workforce.reap([&](pid_t child, int status) { s.note_end_of_stranger(child, status); });
    for (const auto& loss : losses) s.judge(loss);
    s.workforce.hurry_overdue();
    s.reporter.hurry(Clock::now());
    s.quarantine.expire(Clock::now());
    s.advance_upgrade();
    s.advance_phase();  // booting -> serving (and from generation to generation) -> stopping -> stopped
    s.tell_visitors();
  }
  s.stalls.clear();
  s.log.info("stopped");
  s.desk.farewell();
  return static_cast<int>(s.exit_code);
}

void Master::State::spawn_missing_workers() {
  if (phase == Phase::stopping) return;
  while (children().placed(current.number) < needed() && Clock::now() >= backoff.next() && children().vacant_slot()) {
    const auto spawned = workforce.spawn(current);
    if (spawned) continue;
    const auto now = Clock::now();
    if (phase == Phase::booting && now >= boots_until)
      return give_up_boot(ExitCode::run_failed, spawned.error().text());
    backoff.fork_failed(now);
    log.error("{}; trying again in {} ms", spawned.error().text(),
              std::chrono::ceil<milliseconds>(backoff.next() - now).count());
  }
  while (children().active(current.number) > needed())
    workforce.tell(*children().oldest_active(current.number), ChildEvent::told_to_retire);
  reloading.spawn_candidates(current);
}

void Master::State::wait_until_something_happens() {
  auto deadline = std::min({children().next_deadline(), reloading.next_deadline(), reporter.next_deadline(),
                            quarantine.next_deadline(), upgrade.next_deadline(), announcer.next_deadline(),
                            desk.next_deadline(), accepts_until});
  if (phase != Phase::stopping && children().placed(current.number) < needed() && children().vacant_slot())
    deadline = std::min(deadline, backoff.next());
  if (phase == Phase::stopping && nothing_is_left()) deadline = Clock::now();
  sources = {{.fd = signals.fd(), .events = POLLIN, .revents = 0},
             {.fd = notice.get(), .events = POLLIN, .revents = 0},
             {.fd = upgrade.fd(), .events = POLLIN, .revents = 0},
             {.fd = predecessor.get(), .events = POLLIN, .revents = 0}};  // poll(2) skips what is not there
  desk.watch(sources);
  ::poll(sources.data(), sources.size(), poll_timeout(deadline));
  std::uint64_t notices = 0;
  (void)!::read(notice.get(), &notices, sizeof notices);  // only wakes us: the slots say the rest
}

void Master::State::obey_signals() {
  while (const auto signal = signals.next()) {
    const auto* spec = std::find_if(kSignals.begin(), kSignals.end(),
                                    [&](const auto& s) { return s.number == static_cast<int>(signal->ssi_signo); });
    if (spec == kSignals.end()) continue;
    if (spec->command != Command::reap && spec->command != Command::nothing)
      log.info("signal {} from pid {}", spec->name, static_cast<int>(signal->ssi_pid));
    obey(spec->command);
  }
}

void Master::State::obey(Command command) {
  switch (command) {
    case Command::stop:
      return ask_to_stop();
    case Command::stop_quickly:
      return stop(ChildEvent::told_to_quit);
    case Command::reload:
      if (phase != Phase::booting && phase != Phase::serving) return;
      ++reloads_asked;
      reloading.ask();
      return;
    case Command::upgrade:
      return upgrade_program();
    case Command::more_workers:
      return change_workers(+1);
    case Command::fewer_workers:
      return change_workers(-1);
    case Command::reopen_logs:
      return reopen_logs();
    case Command::reap:
    case Command::nothing:
      return;
  }
}

void Master::State::change_workers(int difference) {
  const auto changed = static_cast<std::size_t>(static_cast<std::int64_t>(wanted) + difference);
  // A reload needs room for the configured number beside those that serve.
  const auto configured = current.configured();
  const auto most = std::max(configured, children().slots() - std::min(children().slots(), configured));
  if (changed < 1 || changed > most) {
    log.warning("the number of workers stays {}: it must be 1 to {}", wanted, most);
    return;
  }
  wanted = changed;
  log.info("the number of workers is now {}", wanted);
}

void Master::State::reopen_logs() {
  if (const auto reopened = log.reopen(); !reopened) log.error("{}; writing to the old file", reopened.error().text());
  current.plan.reopening();
  workforce.forward(SIGUSR1);
}

void Master::State::upgrade_program() {
  const auto refusal = [&]() -> std::string {
    if (outside.program == nullptr) return "this master cannot start another";
    if (upgrade.is_under_way()) return fmt::format("another is under way, with the new master {}", upgrade.heir());
    if (phase != Phase::serving) return phase == Phase::booting ? "the workers are not ready" : "the server stops";
    if (predecessor) return fmt::format("the master of before (pid {}) has not ended yet", outside.predecessor);
    if (reloading.is_under_way()) return "a reload is under way";
    return {};
  }();
  if (!refusal.empty()) return log.warning("upgrade refused: {}", refusal);
  const auto& policy = current.plan.policy;
  upgrade.begin(*outside.program, listeners.all(), outside.door,
                {.boot = policy.boot_timeout, .graceful = policy.graceful_timeout});
}

void Master::State::ask_to_stop() {
  const auto delay = current.plan.policy.drain_delay;
  if (phase == Phase::stopping) return stop(ChildEvent::told_to_quit);
  if (phase != Phase::serving || delay.count() == 0) return stop(ChildEvent::told_to_retire);
  log.info("stopping in {} ms: still accepting", delay.count());
  phase = Phase::leaving;
  accepts_until = Clock::now() + delay;
  reloading.forget();
  recycling.forget();
  workforce.announce_stop();
}

void Master::State::stop(ChildEvent how) {
  if (phase != Phase::stopping || how != ChildEvent::told_to_retire)
    log.info("stopping {}: {} workers", how == ChildEvent::told_to_retire ? "gracefully" : "quickly",
             children().all().size());
  phase = Phase::stopping;
  accepts_until = TimePoint::max();
  reloading.forget();
  upgrade.cancel(how == ChildEvent::told_to_retire ? SIGTERM : SIGQUIT);
  if (how == ChildEvent::told_to_retire && !upgrade.is_done()) workforce.announce_stop();
  workforce.tell_all(how);
  // Ours are the last copies as soon as the workers have closed theirs: who connects now shall be refused at once, not
  // wait for an answer that never comes.
  listeners.close_all();
  tell_service_manager();  // the workers may all be gone before the loop comes round
}

void Master::State::judge(const Loss& loss) {
  const auto& child = loss.child;
  const bool was_told = child.state == ChildState::retiring || child.state == ChildState::quitting;
  if (!was_told) ++restarts;
  if (loss.crash) quarantine.note(*loss.crash, current.plan.policy.quarantine, loss.when);
  if (was_told || phase == Phase::stopping) return announce(log::Level::info, loss, {});
  if (reloading.has_candidate(child) && died_young(child, loss.wait_status, loss.when, Backoff::kProof)) {
    if (is_odd(loss)) reporter.report(loss, loss.sentence);
    return reloading.fail(loss.sentence, current);
  }
  if (phase == Phase::booting && !child.ready_at) return fail_boot(loss);
  const bool is_current = child.generation == current.number;
  if (is_current && child.ready_at && loss.when - *child.ready_at >= Backoff::kProof) backoff.proved(child.born);
  note_proofs(loss.when);
  const bool young = current.proven ? died_young(child, loss.wait_status, loss.when)
                                    : died_young(child, loss.wait_status, loss.when, Backoff::kProof);
  if (is_current && young) return mourn_young(loss);
  const bool well = WIFEXITED(loss.wait_status) && WEXITSTATUS(loss.wait_status) == 0;
  announce(well ? log::Level::info : log::Level::error, loss, {});
}

/// An odd end has its report, whatever else is to be said of it.
void Master::State::announce(log::Level level, const Loss& loss, std::string_view more) {
  const auto text = loss.sentence + std::string{more};
  if (is_odd(loss)) return reporter.report(loss, text);
  log.write(level, text);
}

void Master::State::mourn_young(const Loss& loss) {
  backoff.died_young(loss.child.born, loss.when);
  const auto delay = std::chrono::ceil<milliseconds>(backoff.next() - loss.when).count();
  announce(log::Level::error, loss,
           fmt::format("; its successor is started {}", delay > 0 ? fmt::format("in {} ms", delay) : "at once"));
  const bool hopeless = !current.proven && backoff.deaths() >= kHopeless;
  if (hopeless && last_good && !reloading.is_under_way()) reloading.fall_back(*last_good, current);
}

void Master::State::note_proofs(TimePoint now) {
  for (const auto& child : children().all()) {
    if (child.generation != current.number || !child.ready_at || now - *child.ready_at < Backoff::kProof) continue;
    backoff.proved(child.born);
    current.proven = true;
  }
}

void Master::State::fail_boot(const Loss& loss) {
  if (is_odd(loss)) reporter.report(loss, loss.sentence);
  give_up_boot(boot_failure(loss.wait_status), loss.sentence);
}

void Master::State::give_up_boot(ExitCode code, const std::string& why) {
  log.critical("the server does not start: {}", why);
  exit_code = code;
  outside.failed_to_start(code, why);
  // Beside a master that goes on serving, those who are ready may have requests; they finish them.
  for (auto& child : children().all())
    if (child.state == ChildState::starting) workforce.tell(child, ChildEvent::told_to_quit);
  stop(predecessor ? ChildEvent::told_to_retire : ChildEvent::told_to_quit);
}

void Master::State::advance_phase() {
  if (phase == Phase::stopping) {
    if (nothing_is_left()) phase = Phase::stopped;
    return;
  }
  if (Clock::now() >= accepts_until) return stop(ChildEvent::told_to_retire);
  if (phase == Phase::booting && children().ready(current.number) >= wanted) {
    phase = Phase::serving;
    log.info("all {} workers are ready", wanted);
    begin_to_serve();
  }
  if (auto next = reloading.take_ready()) change_over(*std::move(next));
  if (phase != Phase::serving) return;
  if (!upgrade.is_under_way()) reloading.begin(current, wanted);
  if (reloading.is_under_way())
    recycling.forget();
  else
    recycling.advance(current, wanted);
}

void Master::State::begin_to_serve() {
  outside.serving();
  if (outside.predecessor == 0) return;
  listeners.own_files();
  desk.take_over();
  if (const auto closed = listeners.close_others(current.plan.binding); !closed.empty())
    log.info("no longer listening at {}", fmt::join(closed, ", "));
  announcer.begin_anew();
}

void Master::State::note_end_of_stranger(pid_t child, int wait_status) {
  reporter.ended(child, wait_status);
  upgrade.note_end(child, wait_status);
}

void Master::State::advance_upgrade() {
  if (upgrade.advance()) {
    listeners.leave_files();
    desk.hand_over();
    announcer.hand_over(upgrade.heir());
    outside.handed_over();
    stop(ChildEvent::told_to_retire);
  }
  pollfd gone{.fd = predecessor.get(), .events = POLLIN, .revents = 0};
  if (phase == Phase::serving && outside.predecessor != 0 && (!predecessor || ::poll(&gone, 1, 0) != 0))
    part_from_predecessor();
}

void Master::State::part_from_predecessor() {
  log.info("the master of before (pid {}) has ended", outside.predecessor);
  predecessor.reset();
  outside.predecessor = 0;
  announcer.begin_anew();  // only now it is certain that the service manager listens to us
  outside.is_alone();
}

void Master::State::tell_service_manager() {
  using Stage = Condition::Stage;
  announcer.update({.stage = phase == Phase::serving   ? Stage::serving
                             : phase == Phase::booting ? Stage::starting
                                                       : Stage::stopping,
                    .workers = children().all().size(),
                    .ready = children().ready(current.number),
                    .wanted = wanted,
                    .reloads = reloads_asked,
                    .reloading = reloading.is_asked() || reloading.is_under_way(),
                    .heir = upgrade.is_under_way() ? upgrade.heir() : 0,
                    .progresses = some_worker_progresses()},
                   listeners.all());
}

bool Master::State::some_worker_progresses() const noexcept {
  const auto timeout = current.plan.policy.timeout;
  constexpr std::chrono::hours kAlways{24 * 365};
  const auto fresh = timeout.count() != 0 ? timeout : outside.service_manager.watchdog().value_or(kAlways);
  const auto& all = workforce.children().all();
  return phase == Phase::stopping || std::any_of(all.begin(), all.end(), [&](const Child& child) {
           return child.is_active() && child.ready_at && Clock::now() - child.heartbeat < fresh;
         });
}

void Master::State::change_over(Generation next) {
  note_proofs(Clock::now());
  if (current.proven || !last_good) last_good = std::move(current.plan);
  current = std::move(next);
  wanted = current.configured();
  backoff.reset();
  quarantine.clear();
  stalls.clear();
  recycling.forget();
  const auto closed = listeners.close_others(current.plan.binding);
  current.plan.taken_over();
  const auto sentence =
      fmt::format("reload done: {} new workers are ready, those of before finish their requests", wanted);
  log.info("{}", sentence);
  if (!current.proven) reloading.conclude(true, sentence);  // else it has taken a reload back
  if (!closed.empty()) log.info("no longer listening at {}", fmt::join(closed, ", "));
  for (auto& child : children().all()) {
    if (child.generation == current.number) continue;
    if (!closed.empty()) workforce.announce_end(child);  // nobody else would serve who waits there
    workforce.tell(child, ChildEvent::told_to_retire);
  }
}

}  // namespace indrik::supervisor
