#include "supervisor/upgrade.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "process/exit_status.h"
#include "supervisor/handover.h"

namespace indrik::supervisor {
namespace {

/// A master that is told to stop ends by itself a moment after its workers.
constexpr milliseconds kOrderlyEnd{3'000};
/// The new master has the same limit for its workers, and knows better than we why they are late.
constexpr milliseconds kOwnSentence{2'000};

}  // namespace

void Upgrade::begin(const process::Program& program, std::span<const net::Listener> listeners,
                    const control::Door* door, const Limits& limits) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return log_.error("upgrade failed: {}; this master goes on", Error::from_errno(errno, "make a pipe").text());
  Fd reader{ends[0]};
  const Fd writer{ends[1]};
  std::vector<int> kept;
  for (const auto& listener : listeners) kept.push_back(listener.fd());
  if (door != nullptr && door->fd() >= 0) kept.push_back(door->fd());
  const auto heir = program.start(
      kept, writer.get(), [&](pid_t child) { return Handover::variables(child, writer.get(), listeners, door); });
  if (!heir) return log_.error("upgrade failed: {}; this master goes on", heir.error().text());
  heir_ = *heir;
  stage_ = Stage::booting;
  said_why_ = false;
  report_ = std::move(reader);
  heard_.clear();
  limits_ = limits;
  deadline_ = Clock::now() + limits.boot + kOwnSentence;
  log_.info("upgrade begun: {} starts as a new master (pid {})", program.path().native(), heir_);
}

/// The sentence of a process::Launcher, without the line's end and the exit code behind it.
std::string Upgrade::sentence() const {
  return heard_.size() < 2 ? std::string{} : heard_.substr(0, heard_.find_last_not_of('\n', heard_.size() - 2) + 1);
}

bool Upgrade::hear() {
  std::array<char, 1024> chunk;
  while (report_) {
    const auto size = ::read(report_.get(), chunk.data(), chunk.size());
    if (size > 0)
      heard_.append(chunk.data(), static_cast<std::size_t>(size));
    else if (size == 0)
      report_.reset();
    else if (errno != EINTR)
      return false;
  }
  return true;
}

bool Upgrade::advance() {
  if (stage_ == Stage::booting && hear()) return judge_last_word();
  if (is_under_way() && Clock::now() >= deadline_) lose_patience();
  return false;
}

bool Upgrade::judge_last_word() {
  if (heard_ != std::string_view{"\0", 1}) {
    // A sentence and an exit code; or nothing, and then its end says what there is to say.
    if (const auto why = sentence(); !why.empty()) fail(why);
    expect_end();
    return false;
  }
  stage_ = Stage::done;
  deadline_ = TimePoint::max();
  log_.info("upgrade done: the workers of the new master (pid {}) are ready", heir_);
  return true;
}

void Upgrade::lose_patience() {
  if (stage_ == Stage::booting) {
    fail(fmt::format("not within {:.1f} s", std::chrono::duration<double>(limits_.boot + kOwnSentence).count()));
    expect_end();
    ::kill(heir_, SIGTERM);  // not KILL: some of its workers may serve
  } else {
    log_.error("the new master (pid {}) does not end: sending SIGKILL", heir_);
    stage_ = Stage::killed;
    deadline_ = TimePoint::max();
    ::kill(heir_, SIGKILL);
  }
}

void Upgrade::expect_end() {
  stage_ = Stage::ending;
  deadline_ = Clock::now() + limits_.graceful + kOrderlyEnd;
}

void Upgrade::note_end(pid_t child, int wait_status) {
  if (child != heir_) return;
  if (stage_ == Stage::booting && hear() && !sentence().empty()) fail(sentence());
  const auto end = process::exit_description(wait_status);
  if (stage_ != Stage::done)
    fail(fmt::format("it {}", end));
  else
    log_.error("the new master (pid {}) {} before this one has ended: nobody accepts connections any more", child, end);
  heir_ = 0;
  report_.reset();
  if (stage_ != Stage::done) stage_ = Stage::none;
  deadline_ = TimePoint::max();
}

void Upgrade::fail(const std::string& reason) {
  if (std::exchange(said_why_, true)) return;
  log_.error("upgrade failed: the new master (pid {}) has not become ready: {}; this one goes on", heir_, reason);
}

void Upgrade::cancel(int signal) {
  if (!is_under_way()) return;
  said_why_ = true;
  expect_end();
  ::kill(heir_, signal);
}

}  // namespace indrik::supervisor
