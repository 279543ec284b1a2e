#include "worker/shared_watch.h"

#include <sys/epoll.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace indrik::worker {
namespace {

/// The data of a descriptor's entry in an epoll set: "tfd:        7 events:       19 data:        100000007 …",
/// proc(5).
std::optional<std::uint64_t> entry_data(std::ifstream& fdinfo, int descriptor) {
  for (std::string line; std::getline(fdinfo, line);) {
    int target = -1;
    std::uint64_t data = 0;
    if (std::sscanf(line.c_str(), "tfd: %d events: %*x data: %" SCNx64, &target, &data) == 2 && target == descriptor)
      return data;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> entry_data(int set, int descriptor) {
  std::ifstream fdinfo{"/proc/self/fdinfo/" + std::to_string(set)};
  return entry_data(fdinfo, descriptor);
}

/// The epoll set of this process in which the descriptor stands; -1: there is none, or /proc does not tell.
int set_with(int descriptor) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd", ignored}) {
    if (std::filesystem::read_symlink(entry.path(), ignored) != "anon_inode:[eventpoll]") continue;
    const int set = std::stoi(entry.path().filename());
    if (entry_data(set, descriptor)) return set;
  }
  return -1;
}

}  // namespace

SharedWatch::SharedWatch(const Loop& loop, Ready ready)
    : loop_{loop}, ready_{std::move(ready)}, renewal_{loop}, renewed_{loop} {
  renewal_.set<SharedWatch, &SharedWatch::on_renewal>(this);
  renewed_.set<SharedWatch, &SharedWatch::on_renewed>(this);
}

SharedWatch::~SharedWatch() { clear(); }

void SharedWatch::watch(std::span<const int> descriptors) {
  for (const int descriptor : descriptors) {
    auto& entry = entries_.emplace_back(loop_, descriptor);
    entry.watcher.set<SharedWatch, &SharedWatch::on_readable>(this);
    entry.watcher.start(descriptor, ev::READ);
  }
  ev_run(loop_.raw(), EVRUN_NOWAIT);  // libev tells the kernel when it turns
  take_over();
  renewal_.start();
}

/// Finds libev's entries, and puts exclusive ones in their place if armed.
void SharedWatch::take_over() noexcept {
  set_ = -1;
  try {
    if (!entries_.empty()) set_ = set_with(entries_.front().descriptor);
    for (auto& entry : entries_)
      if (set_ >= 0) entry.data = entry_data(set_, entry.descriptor).value();
  } catch (const std::exception&) {  // no descriptor or no memory to read with
    set_ = -1;
  }
  for (const auto& entry : entries_) remove(entry);
  if (armed_) {
    armed_ = false;
    (void)arm();
  } else if (set_ < 0) {
    for (auto& entry : entries_) entry.watcher.stop();
  }
}

Result<void> SharedWatch::arm() noexcept {
  if (std::exchange(armed_, true)) return {};
  for (auto& entry : entries_) {
    if (set_ < 0) {
      entry.watcher.start(entry.descriptor, ev::READ);
    } else if (!add(entry)) {
      const int reason = errno;
      disarm();
      return fail(Error::from_errno(reason, "watch descriptor {}", entry.descriptor));
    }
  }
  return {};
}

void SharedWatch::disarm() noexcept {
  if (!std::exchange(armed_, false)) return;
  // Out of the set, not only ignored: the kernel would go on choosing this worker for some of the wake-ups.
  for (auto& entry : entries_) set_ < 0 ? entry.watcher.stop() : remove(entry);
}

void SharedWatch::step_back(int descriptor) noexcept {
  if (!armed_ || set_ < 0) return;
  for (const auto& entry : entries_) {
    if (entry.descriptor != descriptor) continue;
    remove(entry);
    if (!add(entry)) disarm();
    return;
  }
}

void SharedWatch::clear() noexcept {
  renewal_.stop();
  renewed_.stop();
  disarm();
  entries_.clear();  // their watchers stop
}

bool SharedWatch::add(const Entry& entry) const noexcept {
  epoll_event event{.events = EPOLLIN | EPOLLEXCLUSIVE, .data = {.u64 = entry.data}};
  return ::epoll_ctl(set_, EPOLL_CTL_ADD, entry.descriptor, &event) == 0 || errno == EEXIST;
}

void SharedWatch::remove(const Entry& entry) const noexcept {
  if (set_ >= 0) ::epoll_ctl(set_, EPOLL_CTL_DEL, entry.descriptor, nullptr);
}

void SharedWatch::on_readable(ev::io& watcher, int) noexcept {
  if (armed_) ready_(watcher.fd);
}

/// libev is about to make itself a new epoll set and to fill it: it does when the old one tells of a descriptor that
/// has been closed, but lives on in a process that a plugin has started.
void SharedWatch::on_renewal(ev::fork&, int) noexcept {
  set_ = -1;
  renewed_.start(0);  // fires when the loop next turns: the new set is filled by then
}

void SharedWatch::on_renewed(ev::timer&, int) noexcept {
  bool filled = true;
  for (auto& entry : entries_) {  // disarmed meanwhile, it was not put into the new set
    if (entry.watcher.is_active()) continue;
    entry.watcher.start(entry.descriptor, ev::READ);
    filled = false;
  }
  filled ? take_over() : renewed_.start(0);
}

}  // namespace indrik::worker
