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

#include "process/signal_queue.h"
#include "supervisor/backoff.h"
#include "supervisor/crash_report.h"
#include "supervisor/generation.h"
#include "supervisor/quarantine.h"
#include "supervisor/recycling.h"
#include "supervisor/reloading.h"
#include "supervisor/reporter.h"
#include "supervisor/signals.h"
#include "supervisor/workforce.h"

namespace indrik::supervisor {
namespace {

/// leaving: told to stop, but drain_delay still accepts.
enum class Phase : std::uint8_t { booting, serving, leaving, stopping, stopped };

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

struct Master::State {
  State(Plan plan, Reload reload_plan, std::vector<net::Listener> open, process::Scoreboard& scoreboard,
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
        quarantine{scoreboard.crashes().closed_routes(), error_log} {}

  // The loop's duties, in order.
  void spawn_missing_workers();
  void wait_until_something_happens();
  void obey_signals();
  void judge(const Loss& loss);
  void advance_phase();

  void obey(Command command);
  void change_workers(int difference);
  void reopen_logs();
  void ask_to_stop();
  void stop(ChildEvent how);
  void announce(log::Level level, const Loss& loss, std::string_view more);
  void fail_boot(const Loss& loss);
  void mourn_young(const Loss& loss);
  void change_over(Generation next);
  void note_proofs(TimePoint now);

  Children& children() noexcept { return workforce.children(); }
  /// Of the current generation: fewer while a new one takes over, one more while one is exchanged.
  std::size_t needed() const noexcept { return reloading.old_ones_needed(wanted) + recycling.extra(); }

  std::function<void()> serving;
  ListenerPool listeners;
  log::ErrorLog& log;
  process::SignalQueue signals;
  Fd notice;
  Workforce workforce;

  Phase phase = Phase::booting;
  ExitCode exit_code = ExitCode::ok;
  Generation current;
  std::size_t wanted;  ///< workers of the current generation: the plan's number, then TTIN and TTOU
  Reloading reloading;
  Recycling recycling{workforce};
  Backoff backoff;
  Reporter reporter;
  Quarantine quarantine;
  std::optional<Plan> last_good;  ///< of the generations before the current one
  TimePoint accepts_until = TimePoint::max();
};

Master::Master(Plan plan, Reload reload, std::vector<net::Listener> listeners, process::Scoreboard& scoreboard,
               log::ErrorLog& log)
    : state_{std::make_unique<State>(std::move(plan), std::move(reload), std::move(listeners), scoreboard, log)} {}

Master::~Master() = default;

void Master::when_serving(std::function<void()> told) { state_->serving = std::move(told); }

int Master::run() {
  auto& s = *state_;
  process::ignore_write_signals();
  while (s.phase != Phase::stopped) {  // from here on we must not die: log, set a deadline, try again
    s.spawn_missing_workers();         // none while stopping
    s.wait_until_something_happens();
    s.obey_signals();
    s.workforce.read_slots();
    for (const auto& loss : s.workforce.reap(s.reporter)) s.judge(loss);
    s.workforce.hurry_overdue();
    s.reporter.hurry(Clock::now());
    s.quarantine.expire(Clock::now());
    s.advance_phase();  // booting -> serving (and from generation to generation) -> stopping -> stopped
  }
  s.log.info("stopped");
  return static_cast<int>(s.exit_code);
}

void Master::State::spawn_missing_workers() {
  if (phase == Phase::stopping) return;
  while (children().placed(current.number) < needed() && Clock::now() >= backoff.next() && children().vacant_slot()) {
    const auto spawned = workforce.spawn(current);
    if (spawned) continue;
    const auto now = Clock::now();
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
                            quarantine.next_deadline(), accepts_until});
  if (phase != Phase::stopping && children().placed(current.number) < needed() && children().vacant_slot())
    deadline = std::min(deadline, backoff.next());
  pollfd sources[] = {{.fd = signals.fd(), .events = POLLIN, .revents = 0},
                      {.fd = notice.get(), .events = POLLIN, .revents = 0}};
  ::poll(sources, 2, poll_timeout(deadline));
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
      if (phase == Phase::booting || phase == Phase::serving) reloading.ask();
      return;
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
  workforce.forward(SIGUSR1);
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
  if (phase != Phase::stopping)
    log.info("stopping {}: {} workers", how == ChildEvent::told_to_retire ? "gracefully" : "quickly",
             children().all().size());
  phase = Phase::stopping;
  accepts_until = TimePoint::max();
  reloading.forget();
  if (how == ChildEvent::told_to_retire) workforce.announce_stop();
  workforce.tell_all(how);
  // Ours are the last copies as soon as the workers have closed theirs: who connects now shall be refused at once, not
  // wait for an answer that never comes.
  listeners.close_all();
}

void Master::State::judge(const Loss& loss) {
  const auto& child = loss.child;
  const bool was_told = child.state == ChildState::retiring || child.state == ChildState::quitting;
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
  log.critical("the server does not start: {}", loss.sentence);
  exit_code = boot_failure(loss.wait_status);
  stop(ChildEvent::told_to_quit);
}

void Master::State::advance_phase() {
  if (phase == Phase::stopping) {
    if (children().empty() && reporter.idle()) phase = Phase::stopped;
    return;
  }
  if (Clock::now() >= accepts_until) return stop(ChildEvent::told_to_retire);
  if (phase == Phase::booting && children().ready(current.number) >= wanted) {
    phase = Phase::serving;
    log.info("all {} workers are ready", wanted);
    if (serving) serving();
  }
  if (auto next = reloading.take_ready()) change_over(*std::move(next));
  if (phase != Phase::serving) return;
  reloading.begin(current, wanted);
  if (reloading.is_under_way())
    recycling.forget();
  else
    recycling.advance(current, wanted);
}

void Master::State::change_over(Generation next) {
  note_proofs(Clock::now());
  if (current.proven || !last_good) last_good = std::move(current.plan);
  current = std::move(next);
  wanted = current.configured();
  backoff.reset();
  quarantine.clear();
  recycling.forget();
  const auto closed = listeners.close_others(current.plan.binding);
  current.plan.taken_over();
  log.info("reload done: {} new workers are ready, those of before finish their requests", wanted);
  if (!closed.empty()) log.info("no longer listening at {}", fmt::join(closed, ", "));
  for (auto& child : children().all()) {
    if (child.generation == current.number) continue;
    if (!closed.empty()) workforce.announce_end(child);  // nobody else would serve who waits there
    workforce.tell(child, ChildEvent::told_to_retire);
  }
}

}  // namespace indrik::supervisor
