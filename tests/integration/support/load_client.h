#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/fd.h"
#include "integration/support/response_reader.h"

namespace indrik::test {

struct LoadOptions {
  std::size_t connections = 10;
  std::string target = "/";
  milliseconds answer_within{10'000};  ///< longer is a failure
  milliseconds pause{0};               ///< of each connection between an answer and its next request
  /// Of every answer, on the load's thread; false is a failure.
  std::function<bool(const HttpResponse&)> accept = [](const HttpResponse& response) { return response.status == 200; };
};

/// What became of the requests.
struct LoadTotals {
  std::uint64_t answered = 0;  ///< and accepted
  /// Closed, without a byte of an answer, on a connection that had been answered before: what RFC 9112 9.3.1 lets a
  /// client repeat, and what a server avoids by saying `Connection: close` first.
  std::uint64_t raced = 0;
  std::uint64_t failed = 0;     ///< everything else: refused, cut short, too late, not accepted
  std::uint64_t excused = 0;    ///< raced or cut short on a connection that excuse() had named
  std::string first_failure{};  ///< in words; empty: none
};

/// Keep-alive connections that each send the next request as soon as the last one is answered, on a thread of its own,
/// so that a test can do to the server meanwhile what it likes. A connection that ended is made anew.
class LoadClient {
 public:
  /// Starts at once. `address` as for HttpClient.
  LoadClient(std::string address, LoadOptions options);
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  /// Waits until so many requests have been answered since the start; throws where that takes longer than kPatience
  /// (for each wait).
  void await_answered(std::uint64_t count) const;
  std::uint64_t answered() const noexcept { return answered_; }
  std::uint64_t failed() const noexcept { return failed_; }

  /// What is lost with the TCP connections that stand now and have these local ports counts as excused.
  void excuse(const std::set<std::uint16_t>& ports);

  /// Lets requests in flight finish, closes every connection, and tells what happened.
  LoadTotals stop();

 private:
  class Loop;
  void run();
  bool is_excused(std::uint16_t port, TimePoint made) const;

  std::string address_;
  LoadOptions options_;
  Fd stop_event_;
  std::atomic<std::uint64_t> answered_{0}, failed_{0};
  mutable std::mutex excuses_mutex_;
  std::map<std::uint16_t, TimePoint> excuses_;  ///< by port: when
  LoadTotals totals_;                           ///< the thread's until it is joined
  std::thread thread_;
};

}  // namespace indrik::test
