#include "integration/support/load_client.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/error.h"
#include "integration/support/client_socket.h"
#include "integration/support/deadline.h"
#include "integration/support/http_client.h"

namespace indrik::test {

namespace {

std::uint16_t local_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

}  // namespace

/// All connections on one epoll set; lives on the load's thread.
class LoadClient::Loop {
 public:
  explicit Loop(LoadClient& owner)
      : owner_{owner},
        epoll_{::epoll_create1(EPOLL_CLOEXEC)},
        request_{request_bytes("GET", owner.options_.target)},
        connections_(owner.options_.connections) {}

  void run() {
    watch(EPOLL_CTL_ADD, owner_.stop_event_.get(), EPOLLIN, kStopEvent);
    for (std::size_t i = 0; i < connections_.size(); ++i) connect(i);
    while (!stopping_ || open_ > 0) {
      turn();
      give_up_on_the_late();
    }
  }

 private:
  static constexpr std::size_t kStopEvent = ~std::size_t{0};

  struct Connection {
    Fd fd;
    std::uint16_t port = 0;  ///< our end's; 0: not of TCP
    std::uint64_t number = 0;
    TimePoint made = Clock::now();
    bool connected = false;
    bool answered_before = false;
    bool answer_begun = false;
    bool pausing = false;  ///< no request is on its way
    ResponseReader reader;
    Deadline deadline{milliseconds{0}};
  };

  struct Pause {
    std::size_t which;
    std::uint64_t number;  ///< of the connection
    Deadline until;
  };

  void turn() {
    std::array<epoll_event, 64> events;
    // Wakes up now and then for the deadlines, and for connections that could not be made at once.
    const int timeout = pausing_.empty() ? 50 : std::min(50, pausing_.front().until.left_ms());
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout);
    for (int i = 0; i < count; ++i) {
      const auto which = static_cast<std::size_t>(events[i].data.u64);
      if (which == kStopEvent) {
        stopping_ = true;
        watch(EPOLL_CTL_DEL, owner_.stop_event_.get(), 0, kStopEvent);
      } else if (!connections_[which].connected) {
        on_connected(which);
      } else {
        on_readable(which);
      }
    }
    end_pauses();
  }

  void end_pauses() {
    while (!pausing_.empty() && (stopping_ || pausing_.front().until.passed())) {
      const auto [which, number, until] = pausing_.front();
      pausing_.pop_front();
      auto& connection = connections_[which];
      if (!connection.pausing || connection.number != number) continue;  // it has been closed and made anew
      if (stopping_)
        close(which);
      else
        send_request(which);
    }
  }

  void watch(int operation, int fd, std::uint32_t events, std::size_t which) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = which;
    ::epoll_ctl(epoll_.get(), operation, fd, &event);
  }

  void connect(std::size_t which) {
    auto& connection = connections_[which];
    connection = Connection{};
    connection.number = ++made_;
    connection.deadline = Deadline{owner_.options_.answer_within};
    try {
      connection.fd = start_connecting(owner_.address_);
    } catch (const std::runtime_error& refused) {
      fail(refused.what());
      return;  // made anew at the next look at the deadlines
    }
    connection.port = local_port(connection.fd.get());
    ++open_;
    watch(EPOLL_CTL_ADD, connection.fd.get(), EPOLLOUT, which);
  }

  void on_connected(std::size_t which) {
    auto& connection = connections_[which];
    if (const int error = connect_error(connection.fd.get()); error != 0) {
      if (is_excused(connection))
        ++owner_.totals_.excused;
      else
        fail("connect: " + Error::describe(error));
      close(which);
      return;
    }
    connection.connected = true;
    watch(EPOLL_CTL_MOD, connection.fd.get(), EPOLLIN, which);
    send_request(which);
  }

  void send_request(std::size_t which) {
    auto& connection = connections_[which];
    connection.deadline = Deadline{owner_.options_.answer_within};
    connection.answer_begun = false;
    connection.pausing = false;
    // A request fits any socket's buffer. A failure shows when the answer is read.
    (void)::send(connection.fd.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
  }

  void on_readable(std::size_t which) {
    auto& connection = connections_[which];
    std::array<char, 16384> bytes;
    const auto got = ::recv(connection.fd.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    try {
      if (got > 0) {
        connection.answer_begun = true;
        connection.reader.feed({bytes.data(), static_cast<std::size_t>(got)});
        if (const auto response = connection.reader.next("GET")) on_answer(which, *response);
        return;
      }
      const int error = got < 0 ? errno : 0;
      if (connection.pausing) {
        // nothing is lost
      } else if (is_excused(connection)) {
        ++owner_.totals_.excused;
      } else if (const auto response = connection.reader.at_end("GET")) {
        count(*response);
      } else if (connection.answered_before && !connection.answer_begun) {
        ++owner_.totals_.raced;
      } else {
        fail(error != 0 ? "recv: " + Error::describe(error) : "closed without an answer");
      }
    } catch (const std::runtime_error& wrong) {
      fail(wrong.what());
    }
    close(which);
  }

  void on_answer(std::size_t which, const HttpResponse& response) {
    count(response);
    connections_[which].answered_before = true;
    if (response.closes() || stopping_) return close(which);
    if (owner_.options_.pause == milliseconds{0}) return send_request(which);
    connections_[which].pausing = true;
    pausing_.push_back({which, connections_[which].number, Deadline{owner_.options_.pause}});
  }

  void count(const HttpResponse& response) {
    if (owner_.options_.accept(response))
      ++owner_.answered_;
    else
      fail("status " + std::to_string(response.status) + ": " + response.body);
  }

  bool is_excused(const Connection& connection) const { return owner_.is_excused(connection.port, connection.made); }

  void fail(const std::string& why) {
    if (owner_.failed_++ == 0) owner_.totals_.first_failure = why;
  }

  void close(std::size_t which) {
    connections_[which].fd.reset();
    --open_;
    if (!stopping_) connect(which);
  }

  void give_up_on_the_late() {
    if (!look_again_.passed()) return;
    look_again_ = Deadline{milliseconds{50}};
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (!connections_[i].fd) {
        if (!stopping_) connect(i);
      } else if (!connections_[i].pausing && connections_[i].deadline.passed()) {
        fail("no answer in time");
        close(i);
      }
    }
  }

  LoadClient& owner_;
  Fd epoll_;
  std::string request_;
  std::vector<Connection> connections_;
  std::deque<Pause> pausing_;  ///< the first to end first
  std::uint64_t made_ = 0;
  std::size_t open_ = 0;
  bool stopping_ = false;
  Deadline look_again_{milliseconds{0}};
};

LoadClient::LoadClient(std::string address, LoadOptions options)
    : address_{std::move(address)}, options_{std::move(options)}, stop_event_{::eventfd(0, EFD_CLOEXEC)} {
  thread_ = std::thread{[this] { run(); }};
}

LoadClient::~LoadClient() { stop(); }

void LoadClient::run() { Loop{*this}.run(); }

void LoadClient::await_answered(std::uint64_t count) const {
  if (!await([&] { return answered_ >= count; }))
    throw std::runtime_error{"only " + std::to_string(answered_) + " requests were answered in time"};
}

void LoadClient::excuse(const std::set<std::uint16_t>& ports) {
  const std::lock_guard lock{excuses_mutex_};
  for (const auto port : ports) excuses_[port] = Clock::now();
}

bool LoadClient::is_excused(std::uint16_t port, TimePoint made) const {
  const std::lock_guard lock{excuses_mutex_};
  const auto excuse = excuses_.find(port);
  return excuse != excuses_.end() && made <= excuse->second;  // else it was for another one, before
}

LoadTotals LoadClient::stop() {
  if (thread_.joinable()) {
    (void)::eventfd_write(stop_event_.get(), 1);
    thread_.join();
    totals_.answered = answered_;
    totals_.failed = failed_;
  }
  return totals_;
}

}  // namespace indrik::test
