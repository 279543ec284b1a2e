#include "process/stall_watch.h"

#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/no_park.h"
#include "process/scoreboard.h"
#include "process/stack_walk.h"
#include "process/stall_board.h"
#include "process/stall_place.h"
#include "process/stall_probe.h"

namespace indrik::process {
namespace {

constexpr std::int64_t kPatience = 500'000'000;  // ns for the thread to answer: it may have no processor just now

std::span<const LoadedModule> modules_in(const CrashRecord& record) noexcept {
  return {record.modules, std::min<std::size_t>(record.module_count, CrashRecord::kModules)};
}

std::uint64_t place_in(const StallRecord& found, const CrashRecord& modules) noexcept {
  return place_of({found.frames, found.frame_count}, modules_in(modules));
}

/// A table of descriptors that two threads share has each system call of either count its use of a file, atomically:
/// that alone cost some per cent of a small request. So this thread gets a table of its own, with what it needs.
void leave_descriptors(int kept) noexcept {
  constexpr unsigned kFirst = 3;  // sanitizers may want to say something
  const auto end = kept < static_cast<int>(kFirst) ? kFirst : static_cast<unsigned>(kept);
  // Where the kernel does not know it, or it is forbidden, they stay shared, which is well too.
  if (::syscall(SYS_close_range, end + (kept >= 0 ? 1 : 0), ~0U, CLOSE_RANGE_UNSHARE) != 0) return;
  if (end > kFirst) ::syscall(SYS_close_range, kFirst, end - 1, 0);
}

/// But for the stage.
void copy(const StallRecord& from, StallRecord& to) noexcept {
  to.kind = from.kind;
  to.place = from.place;
  to.held_ns = from.held_ns;
  to.untold = from.untold;
  to.locks = from.locks;
  to.thread = from.thread;
  std::ranges::copy(from.method, to.method);
  std::ranges::copy(from.path, to.path);
  std::ranges::copy(from.route, to.route);
  std::ranges::copy(from.plugin, to.plugin);
  to.frame_count = from.frame_count;
  std::ranges::copy(from.frames, to.frames);
}

}  // namespace

StallWatch::StallWatch(Pulse& pulse, nanoseconds threshold, const StallSeat& seat)
    : pulse_{pulse},
      threshold_ns_{threshold.count()},
      seat_{seat},
      watched_{static_cast<pid_t>(::syscall(SYS_gettid))} {}

StallWatch::~StallWatch() {
  pulse_.stop();
  if (thread_.joinable()) thread_.join();
}

Result<void> StallWatch::start() {
  prepare_unwinding();
  if (auto installed = install_probe(); !installed) return installed;
  // The process's signals are the loop's: a thread is born with the mask of its maker.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = 0;
  try {
    thread_ = std::thread{[this] { run(); }};
  } catch (const std::system_error& failed) {
    error = failed.code().value();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return fail(Error::from_errno(error, "start the thread that watches for stalls"));
  ::pthread_setname_np(thread_.native_handle(), "stall-watch");
  return {};
}

void StallWatch::run() noexcept {
  leave_descriptors(seat_.notice_fd);
  while (!pulse_.is_stopped()) {
    pulse_.pause(std::max<std::int64_t>(threshold_ns_ / 4, 1'000'000));
    look(monotonic_ns());
  }
}

void StallWatch::look(std::int64_t now) noexcept {
  const auto turn = pulse_.turn();
  if (turn != seen_) {
    if (reported_) finish(now);
    seen_ = turn;
    since_ = now;
    reported_ = false;
  } else if (Pulse::is_inside(turn)) {
    if (!reported_ && now - since_ >= threshold_ns_) report(now);
  } else if (!owes_end_ && now - since_ >= threshold_ns_) {
    pulse_.sleep(turn);
    since_ = monotonic_ns();
  }
  if (owes_end_ && !reported_ && tell(end_)) owes_end_ = false;
}

void StallWatch::report(std::int64_t now) noexcept {
  found_.frame_count = 0;
  found_.method[0] = found_.path[0] = found_.route[0] = found_.plugin[0] = '\0';
  found_.thread = watched_;
  if (!probe(watched_, pulse_, seen_, kPatience, found_) && pulse_.turn() != seen_) return;  // over just now
  reported_ = true;
  count(found_, &StallCounts::Plugin::loops);
  found_.kind = StallRecord::Kind::holds_loop;
  found_.place = place_in(found_, seat_.modules);
  found_.held_ns = now - since_;
  owes_end_ = tell(found_);
  increment(seat_.stalls);
}

/// The master hears of the end of what it has heard of.
void StallWatch::finish(std::int64_t now) noexcept {
  if (!owes_end_) return;
  end_.kind = StallRecord::Kind::let_go;
  end_.place = found_.place;
  end_.held_ns = now - since_;
}

bool StallWatch::tell(const StallRecord& found) noexcept {
  bool free = false;
  if (telling_.compare_exchange_strong(free, true)) {
    auto& record = seat_.record;
    const bool room = record.stage.load(std::memory_order_acquire) == StallRecord::Stage::none;
    if (room) {
      copy(found, record);
      record.untold = untold_.exchange(0);
      record.stage.store(StallRecord::Stage::told, std::memory_order_release);
      const std::uint64_t one = 1;
      if (seat_.notice_fd >= 0) (void)!::write(seat_.notice_fd, &one, sizeof one);
    }
    telling_.store(false);
    if (room) return true;
  }
  if (found.kind != StallRecord::Kind::let_go) ++untold_;  // that one waits for its turn
  return false;
}

void StallWatch::count(const StallRecord& found, std::atomic<std::uint64_t> StallCounts::Plugin::*of) noexcept {
  if (found.plugin[0] == '\0') return;
  if (auto* const counts = counts_of(seat_.counts, found.plugin)) (counts->*of).fetch_add(1, std::memory_order_relaxed);
}

bool StallWatch::knows(std::uint64_t place) noexcept {
  for (auto& known : lock_places_) {
    if (known == place) return true;
    if (known != 0) continue;
    known = place;
    return false;
  }
  return true;  // so many are enough
}

void StallWatch::note_locks(std::uint32_t locks) noexcept {
  const NoPark no_park;
  increment(seat_.lock_stalls);
  probe_here(lock_found_);
  count(lock_found_, &StallCounts::Plugin::locks);
  lock_found_.kind = StallRecord::Kind::holds_lock;
  lock_found_.place = place_in(lock_found_, seat_.modules);
  lock_found_.locks = locks;
  lock_found_.held_ns = 0;
  if (!knows(lock_found_.place)) (void)tell(lock_found_);
}

}  // namespace indrik::process
