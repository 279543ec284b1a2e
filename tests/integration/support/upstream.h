#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/fd.h"

namespace indrik::test {

/// An HTTP server of the test's own, on a thread: every GET gets the same answer, after a delay, or when the test says
/// so; it counts those that wait for theirs.
class Upstream {
 public:
  struct Options {
    std::string body = "upstream";
    milliseconds delay{0};
    bool holds = false;  ///< no answer before release()
    int status = 200;
  };
  /// Listens at 127.0.0.1, port 0: a free one.
  explicit Upstream(Options options, unsigned short port = 0);
  Upstream() : Upstream{Options{}} {}
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  unsigned short port() const noexcept { return port_; }
  std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

  std::size_t in_flight() const noexcept { return in_flight_; }
  std::size_t most_in_flight() const noexcept { return most_in_flight_; }
  std::size_t connections() const noexcept { return connections_; }
  /// From now on nothing is held.
  void release();

 private:
  struct Client {
    Fd fd;
    std::string input, output;
  };
  struct Waiting {
    TimePoint due;
    int fd;
  };
  void run();
  void accept_clients();
  void on_input(int fd);
  void take_request(int fd);
  void answer_due();
  void flush(Client& client);
  void drop(int fd);
  int ms_until_due() const;

  const Options options_;
  Fd listener_, epoll_, wake_;
  unsigned short port_ = 0;
  std::atomic<bool> stopping_{false}, released_{false};
  std::atomic<std::size_t> in_flight_{0}, most_in_flight_{0}, connections_{0};
  std::map<int, Client> clients_;  ///< the thread's, as all below
  std::deque<Waiting> waiting_;    ///< in the order they came, which is that of their answers
  std::thread thread_;
};

}  // namespace indrik::test
