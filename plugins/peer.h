#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include <indrik/indrik.hpp>

/// The server behind a plugin is not there, broke off, did not answer in time, or refused. what() says so with its
/// name.
class PeerFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Turns the failures of a plugin's peer into answers: 503, and a line in the log, at most one a second. Any thread.
class Peer {
 public:
  explicit Peer(indrik::Log log) noexcept : log_{log} {}

  /// What `handler` answers; 503 where it throws PeerFailed.
  template <class Handler>
  indrik::Response ask(const indrik::Request& request, const Handler& handler) {
    try {
      return handler();
    } catch (const PeerFailed& failed) {
      // Its client has been answered 504, and its waits fail since: that is not the peer's fault.
      return request.cancelled() ? indrik::status(504) : unavailable(failed);
    }
  }
  indrik::Response unavailable(const PeerFailed& failed) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    auto quiet_until = quiet_until_.load();
    if (now < quiet_until || !quiet_until_.compare_exchange_strong(quiet_until, now + kQuiet.count())) {
      ++unsaid_;
    } else if (const auto unsaid = unsaid_.exchange(0); unsaid > 0) {
      log_.error("{}; answered 503, as to {} before it", failed.what(), unsaid);
    } else {
      log_.error("{}; answered 503", failed.what());
    }
    return indrik::text("the service behind this one is not available\n").status(503).field("Retry-After", "1");
  }

 private:
  static constexpr std::chrono::nanoseconds kQuiet = std::chrono::seconds{1};

  indrik::Log log_;
  std::atomic<std::int64_t> quiet_until_{0};
  std::atomic<std::uint64_t> unsaid_{0};
};
