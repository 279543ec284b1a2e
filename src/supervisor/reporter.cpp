#include "supervisor/reporter.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "process/parent.h"
#include "process/stack_text.h"
#include "supervisor/crash_report.h"

namespace indrik::supervisor {
namespace {

/// More crashes at once than this are told without names: a crash loop must not become a fork loop.
constexpr std::size_t kMostHelpers = 4;

void add_lines(std::vector<std::string>& lines, std::int32_t thread, const std::vector<std::string>& stack) {
  if (stack.empty()) return;
  lines.push_back(fmt::format("stack of thread {}:", thread));
  for (const auto& line : stack) lines.push_back("  " + line);
}

Killer killer_of(const Loss& loss, process::OomWatch& oom) {
  if (loss.crash || !WIFSIGNALED(loss.wait_status) || WTERMSIG(loss.wait_status) != SIGKILL) return Killer::nobody;
  if (loss.child.state == ChildState::killing) return Killer::master;
  return oom.has_new_victim() ? Killer::out_of_memory : Killer::outside;
}

}  // namespace

void Reporter::report(const Loss& loss, const std::string& sentence) {
  auto lines = report_lines(loss, killer_of(loss, oom_));
  if (!loss.crash) return log_.write_block(log::Level::error, sentence, lines);
  begin_helper(log::Level::error, sentence, std::move(lines), [&](auto& more, bool with_names) {
    add_lines(more, loss.crash->thread, process::stack_lines(*loss.crash, with_names));
  });
}

void Reporter::report(const Sighting& sighting) {
  begin_helper(log::Level::warning, sighting.sentence, sighting.lines, [&](auto& more, bool with_names) {
    add_lines(more, sighting.thread, process::stack_lines(sighting.frames, sighting.modules, with_names));
  });
}

void Reporter::begin_helper(log::Level level, const std::string& sentence, std::vector<std::string> lines,
                            const AddStack& add_stack) {
  const pid_t master = ::getpid();
  const pid_t pid = helpers_.size() < kMostHelpers ? ::fork() : -1;
  if (pid == 0) {
    if (process::die_with_parent(master)) help(level, sentence, std::move(lines), add_stack);
    ::_exit(1);
  }
  add_stack(lines, false);
  if (pid < 0) return log_.write_block(level, sentence, lines);
  helpers_.push_back({pid, Clock::now() + kPatience, level, sentence, std::move(lines)});
}

/// In the helper. Whatever goes wrong ends it: the master then writes what it has.
void Reporter::help(log::Level level, const std::string& sentence, std::vector<std::string> lines,
                    const AddStack& add_stack) noexcept {
  signals_.close();
  listeners_.reduce_to({});  // who connects after the master's end is not to wait for us
  add_stack(lines, true);
  log_.write_block(level, sentence, lines);
  ::_exit(0);
}

void Reporter::ended(pid_t pid, int wait_status) {
  const auto helper = std::find_if(helpers_.begin(), helpers_.end(), [&](auto& one) { return one.pid == pid; });
  if (helper == helpers_.end()) return;
  if (wait_status != 0) log_.write_block(helper->level, helper->sentence, helper->lines);
  helpers_.erase(helper);
}

void Reporter::hurry(TimePoint now) noexcept {
  for (auto& helper : helpers_) {
    if (helper.deadline > now) continue;
    ::kill(helper.pid, SIGKILL);
    helper.deadline = TimePoint::max();
  }
}

TimePoint Reporter::next_deadline() const noexcept {
  TimePoint next = TimePoint::max();
  for (const auto& helper : helpers_) next = std::min(next, helper.deadline);
  return next;
}

}  // namespace indrik::supervisor
