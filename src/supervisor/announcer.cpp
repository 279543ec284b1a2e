#include "supervisor/announcer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace indrik::supervisor {
namespace {

constexpr std::string_view kStoredPrefix = "indrik=";

std::string status_of(const Condition& now) {
  switch (now.stage) {
    case Condition::Stage::starting:
      return fmt::format("starting: {} of {} workers are ready", now.ready, now.wanted);
    case Condition::Stage::stopping:
      return fmt::format("stopping: {} workers finish what they have", now.workers);
    case Condition::Stage::serving:
      break;
  }
  const auto serving = now.ready >= now.wanted
                           ? fmt::format("serving with {} worker{}", now.wanted, now.wanted == 1 ? "" : "s")
                           : fmt::format("serving with {} of {} workers", now.ready, now.wanted);
  if (now.heir != 0) return fmt::format("{}, a new master (pid {}) starts", serving, now.heir);
  return now.reloading ? serving + ", reloading" : serving;
}

}  // namespace

void Announcer::update(const Condition& now, std::span<const net::Listener> listeners) {
  if (silent_ || !manager_.is_there()) return;
  tell_stage(now);
  if (now.stage != Condition::Stage::stopping) keep_listeners(listeners);
  feed(now);
}

void Announcer::tell_stage(const Condition& now) {
  std::string lines;
  if (now.stage == Condition::Stage::stopping && !std::exchange(told_stopping_, true)) lines += "STOPPING=1\n";
  if (now.stage == Condition::Stage::serving && !std::exchange(told_ready_, true)) {
    lines += "READY=1\n";
    told_reloads_ = now.reloads;  // asked for before: nothing that is ready was reloaded
    if (now.reloading) --told_reloads_;
  }
  const auto status = status_of(now);
  if (status != told_status_) lines += fmt::format("STATUS={}\n", status);
  told_status_ = status;
  if (!lines.empty()) manager_.tell(lines);
  if (now.stage == Condition::Stage::serving) tell_reload(now);
}

/// A reload that is refused at once is still told as one that has begun and ended: systemctl reload waits for both.
void Announcer::tell_reload(const Condition& now) {
  if (now.reloads != told_reloads_) {
    told_reloads_ = now.reloads;
    told_ready_ = false;
    manager_.tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_ns() / 1000));
  }
  if (!told_ready_ && !now.reloading) {
    told_ready_ = true;
    manager_.tell("READY=1");
  }
}

void Announcer::keep_listeners(std::span<const net::Listener> listeners) {
  std::map<int, std::string> wanted;
  for (const auto& listener : listeners)
    if (!listener.is_passed()) wanted.emplace(listener.fd(), stored_name(listener));
  if (wanted == stored_) return;
  const auto has = [](const auto& names, const std::string& name) {
    return std::any_of(names.begin(), names.end(), [&](const auto& entry) { return entry.second == name; });
  };
  for (const auto& [fd, name] : stored_)
    if (!has(wanted, name)) manager_.forget(name);
  for (const auto& [fd, name] : wanted)
    if (const auto known = stored_.find(fd); known == stored_.end() || known->second != name) manager_.store(fd, name);
  stored_ = std::move(wanted);
}

void Announcer::feed(const Condition& now) {
  if (!manager_.watchdog() || Clock::now() < feed_at_) return;
  if (now.progresses) manager_.tell("WATCHDOG=1");
  feed_at_ = Clock::now() + *manager_.watchdog() / 3;
}

TimePoint Announcer::next_deadline() const noexcept {
  if (silent_ || !manager_.is_there() || !manager_.watchdog()) return TimePoint::max();
  return feed_at_;
}

void Announcer::hand_over(pid_t heir) {
  manager_.tell(fmt::format("MAINPID={}\nSTATUS=the new master (pid {}) serves", heir, heir));
  silent_ = true;
}

void Announcer::begin_anew() noexcept {
  silent_ = told_ready_ = told_stopping_ = false;
  told_status_.clear();
  stored_.clear();
}

std::string stored_name(const net::Listener& listener) {
  std::string name{kStoredPrefix};
  for (const char c : listener.asked().text()) {
    const bool is_plain = c > ' ' && c < '\x7f' && c != ':' && c != '%';
    name += is_plain ? std::string{c} : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return name;
}

std::optional<std::string> address_in_stored_name(std::string_view name) {
  if (!name.starts_with(kStoredPrefix)) return std::nullopt;
  std::string address;
  for (name.remove_prefix(kStoredPrefix.size()); !name.empty(); name.remove_prefix(1)) {
    unsigned byte = 0;
    if (name.front() == '%' && name.size() > 2 &&
        std::from_chars(name.data() + 1, name.data() + 3, byte, 16).ptr == name.data() + 3) {
      address += static_cast<char>(byte);
      name.remove_prefix(2);
    } else {
      address += name.front();
    }
  }
  return address;
}

}  // namespace indrik::supervisor
