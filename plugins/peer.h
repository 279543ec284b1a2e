#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <indrik/indrik.hpp>

/// The server behind a plugin is not there, broke off, did not answer in time, or refused. what() says so with its
/// name.
class PeerFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// [app.config]: how long is waited for a peer. Libraries take 0 for "as long as it takes", which would hold whatever
/// class of worker waits.
inline std::chrono::milliseconds patience(const indrik::Config& config, std::string_view key,
                                          std::chrono::milliseconds fallback) {
  return config.get_within(key, fallback, std::chrono::milliseconds{1}, std::chrono::hours{24});
}

/// [app.config]: how many connections a worker may have at once.
inline std::size_t pool_size(const indrik::Config& config, std::size_t fallback) {
  return config.get_within("pool_size", fallback, 1, 65'536);
}

/// Turns the failures of a plugin's peer into answers: 503, and a line in the log, at most one a second. Any thread.
class Peer {
 public:
  explicit Peer(indrik::Log log) noexcept : log_{log} {}

  /// What `handler` answers; 503 where it throws PeerFailed, or waits in vain for a connection of a Pool.
  template <class Handler>
  indrik::Response ask(const indrik::Request& request, const Handler& handler) {
    try {
      return handler();
    } catch (const PeerFailed& failed) {
      return unavailable(request, failed.what());
    } catch (const indrik::TimedOut&) {
      return unavailable(request, "no connection became free in time");
    }
  }
  /// The same of a coroutine.
  indrik::Task<indrik::Response> async_ask(const indrik::Request& request, indrik::Task<indrik::Response> answer) {
    try {
      co_return co_await std::move(answer);
    } catch (const PeerFailed& failed) {
      co_return unavailable(request, failed.what());
    } catch (const indrik::TimedOut&) {
      co_return unavailable(request, "no connection became free in time");
    }
  }

 private:
  indrik::Response unavailable(const indrik::Request& request, std::string_view why) {
    // Where the request's deadline has passed its client has been answered, and its waits fail since: that is not the
    // peer's fault.
    if (request.cancelled()) return indrik::status(504);
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    auto quiet_until = quiet_until_.load();
    if (now < quiet_until || !quiet_until_.compare_exchange_strong(quiet_until, now + kQuiet.count())) {
      ++unsaid_;
    } else if (const auto unsaid = unsaid_.exchange(0); unsaid > 0) {
      log_.error("{}; answered 503, as to {} before it", why, unsaid);
    } else {
      log_.error("{}; answered 503", why);
    }
    return indrik::text("the service behind this one is not available\n").status(503).field("Retry-After", "1");
  }

  static constexpr std::chrono::nanoseconds kQuiet = std::chrono::seconds{1};

  indrik::Log log_;
  std::atomic<std::int64_t> quiet_until_{0};
  std::atomic<std::uint64_t> unsaid_{0};
};
