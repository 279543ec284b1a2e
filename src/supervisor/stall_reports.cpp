#include "supervisor/stall_reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "base/strings.h"

namespace indrik::supervisor {
namespace {

using process::StallRecord;

template <std::size_t Size>
std::string_view text_in(const char (&text)[Size]) noexcept {
  return {text, ::strnlen(text, Size)};
}

std::string who_in(const StallRecord& record) {
  const auto plugin = escaped(text_in(record.plugin));
  if (record.method[0] != '\0')
    return fmt::format("{} {} (route {}, plugin {})", escaped(text_in(record.method)), escaped(text_in(record.path)),
                       escaped(text_in(record.route)), plugin);
  return plugin.empty() ? "a handler that is not known: its thread did not answer"
                        : fmt::format("a callback or task of plugin {}", plugin);
}

std::string handler_in(const StallRecord& record) {
  return fmt::format("{}\n{}\n{}", static_cast<int>(record.kind), text_in(record.route), text_in(record.plugin));
}

long long in_milliseconds(std::int64_t ns) { return std::chrono::round<milliseconds>(nanoseconds{ns}).count(); }

std::string name_of(const Child& child) { return fmt::format("worker {} (pid {})", child.slot, child.pid); }

/// The stack, and where the worker has what.
void add_stack(Sighting& sighting, const StallRecord& record, const process::CrashRecord& listed) {
  const auto frames = std::min<std::size_t>(record.frame_count, StallRecord::kFrames);
  const auto modules = std::min<std::size_t>(listed.module_count, process::CrashRecord::kModules);
  sighting.thread = record.thread;
  sighting.frames.assign(record.frames, record.frames + frames);
  sighting.modules.assign(listed.modules, listed.modules + modules);
}

}  // namespace

void StallReports::look_at(const Child& child, TimePoint now) {
  auto& record = scoreboard_.stalls().records()[child.slot];
  if (record.stage.load(std::memory_order_acquire) != StallRecord::Stage::told) return;
  note(child, record, now);
  record.stage.store(StallRecord::Stage::none, std::memory_order_release);
}

void StallReports::note(const Child& child, const StallRecord& record, TimePoint now) {
  untold_ += record.untold;
  if (record.kind == StallRecord::Kind::let_go) return tell_end(child, record);
  told_.erase(child.slot);
  const bool is_lock = record.kind == StallRecord::Kind::holds_lock;
  auto known = places_.find(record.place);
  if (known == places_.end()) {
    auto& of_one = of_one_[handler_in(record)];
    if (places_.size() >= kPlaces || of_one >= kOfOne) return void(++untold_);
    ++of_one;
    known = places_.emplace(record.place, Place{.who = who_in(record), .told = now, .is_lock = is_lock}).first;
  } else if (now - known->second.told < kPause) {
    return void(++known->second.more);
  }
  known->second.told = now;
  tell(child, record, std::exchange(known->second.more, 0));
  if (!is_lock) told_[child.slot] = record.place;
}

void StallReports::tell(const Child& child, const StallRecord& record, std::uint64_t more) {
  Sighting sighting;
  const auto who = who_in(record);
  if (record.kind == StallRecord::Kind::holds_lock)
    sighting.sentence = fmt::format("{}: {} waits while it holds {}: whoever wants {} waits as long", name_of(child),
                                    who, record.locks == 1 ? "a mutex" : fmt::format("{} mutexes", record.locks),
                                    record.locks == 1 ? "it" : "one");
  else
    sighting.sentence = fmt::format("{}: the loop is held for {} ms by {}: all others of this worker wait",
                                    name_of(child), in_milliseconds(record.held_ns), who);
  const auto again = more == 0 ? std::string{} : fmt::format(", {} times since it was told last", more);
  sighting.lines.push_back(fmt::format("place: {:016x}{}", record.place, again));
  add_stack(sighting, record, scoreboard_.crashes().records()[child.slot]);
  reporter_.report(sighting);
}

void StallReports::tell_end(const Child& child, const StallRecord& record) {
  const auto told = told_.find(child.slot);
  if (told == told_.end() || told->second != record.place) return;
  told_.erase(told);
  log_.warning("{}: place {:016x} has let go of the loop after {} ms", name_of(child), record.place,
               in_milliseconds(record.held_ns));
}

void StallReports::clear() {
  for (const auto& [number, place] : places_)
    if (place.more > 0)
      log_.warning("place {:016x}: {} {} more time{}, first met with {}", number,
                   place.is_lock ? "a mutex was held across a wait" : "the loop was held", place.more,
                   place.more == 1 ? "" : "s", place.who);
  if (untold_ > 0) log_.warning("handlers have held the loop, or a mutex, {} more times, at other places", untold_);
  places_.clear();
  of_one_.clear();
  told_.clear();
  untold_ = 0;
}

}  // namespace indrik::supervisor
