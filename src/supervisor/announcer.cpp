#include "supervisor/announcer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace indrik::supervisor {
namespace {

constexpr std::string_view kStoredPrefix = "indrik=";
constexpr milliseconds kRetry{100};  // while the service manager does not read

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
  const bool all_told =
      heir_ != 0 ? tell_heir() : tell_stage(now) && tell_reload(now) && keep_listeners(now, listeners);
  retry_at_ = all_told ? TimePoint::max() : Clock::now() + kRetry;
  if (heir_ == 0) feed(now);
}

bool Announcer::tell_stage(const Condition& now) {
  std::string lines;
  const bool stops = now.stage == Condition::Stage::stopping && !told_stopping_;
  const bool is_ready = now.stage == Condition::Stage::serving && !told_ready_;
  const auto status = status_of(now);
  if (stops) lines += "STOPPING=1\n";
  if (is_ready) lines += "READY=1\n";
  if (status != told_status_) lines += fmt::format("STATUS={}\n", status);
  if (lines.empty()) return true;
  if (!manager_.tell(lines)) return false;
  told_stopping_ = told_stopping_ || stops;
  told_ready_ = told_ready_ || is_ready;
  told_status_ = status;
  return true;
}

/// A reload that is refused at once is still told as one that has begun and ended: systemctl reload waits for both.
bool Announcer::tell_reload(const Condition& now) {
  if (now.stage != Condition::Stage::serving) return true;
  if (now.reloads != told_reloads_) {
    if (!manager_.tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_ns() / 1000))) return false;
    told_reloads_ = now.reloads;
    told_reloading_ = true;
  }
  if (told_reloading_ && !now.reloading) {
    if (!manager_.tell("READY=1")) return false;
    told_reloading_ = false;
  }
  return true;
}

bool Announcer::keep_listeners(const Condition& now, std::span<const net::Listener> listeners) {
  if (now.stage == Condition::Stage::stopping) return true;
  std::map<int, std::string> wanted;
  for (const auto& listener : listeners)
    if (!listener.is_passed()) wanted.emplace(listener.fd(), stored_name(listener));
  const auto is_wanted = [&](const std::string& name) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const auto& entry) { return entry.second == name; });
  };
  for (; !inherited_.empty(); inherited_.pop_back())
    if (!is_wanted(inherited_.back()) && !manager_.forget(inherited_.back())) return false;
  for (auto entry = stored_.begin(); entry != stored_.end();) {
    const auto& [fd, name] = *entry;
    if (const auto same = wanted.find(fd); same != wanted.end() && same->second == name) {
      ++entry;
      continue;
    }
    if (!is_wanted(name) && !manager_.forget(name)) return false;
    entry = stored_.erase(entry);
  }
  for (const auto& [fd, name] : wanted) {
    if (stored_.contains(fd)) continue;
    if (!manager_.store(fd, name)) return false;
    stored_.emplace(fd, name);
  }
  return true;
}

void Announcer::feed(const Condition& now) {
  if (!manager_.watchdog() || Clock::now() < feed_at_) return;
  if (now.progresses) (void)manager_.tell("WATCHDOG=1");
  feed_at_ = Clock::now() + *manager_.watchdog() / 3;
}

bool Announcer::tell_heir() {
  silent_ = manager_.tell(fmt::format("MAINPID={}\nSTATUS=the new master (pid {}) serves", heir_, heir_));
  return silent_;
}

TimePoint Announcer::next_deadline() const noexcept {
  if (silent_ || !manager_.is_there()) return TimePoint::max();
  return manager_.watchdog() && heir_ == 0 ? std::min(feed_at_, retry_at_) : retry_at_;
}

void Announcer::hand_over(pid_t heir) noexcept { heir_ = heir; }

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
