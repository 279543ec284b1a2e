#include "integration/support/load_client.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/error.h"
#include "integration/support/client_socket.h"
#include "integration/support/deadline.h"
#include "integration/support/http_client.h"

namespace indrik::test {

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
    bool connected = false;
    bool answered_before = false;
    bool answer_begun = false;
    ResponseReader reader;
    Deadline deadline{milliseconds{0}};
  };

  void turn() {
    std::array<epoll_event, 64> events;
    // Wakes up now and then for the deadlines, and for connections that could not be made at once.
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 50);
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
    connection.deadline = Deadline{owner_.options_.answer_within};
    try {
      connection.fd = start_connecting(owner_.address_);
    } catch (const std::runtime_error& refused) {
      fail(refused.what());
      return;  // made anew at the next look at the deadlines
    }
    ++open_;
    watch(EPOLL_CTL_ADD, connection.fd.get(), EPOLLOUT, which);
  }

  void on_connected(std::size_t which) {
    auto& connection = connections_[which];
    if (const int error = connect_error(connection.fd.get()); error != 0) {
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
      if (const auto response = connection.reader.at_end("GET")) {
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
    if (response.closes() || stopping_)
      close(which);
    else
      send_request(which);
  }

  void count(const HttpResponse& response) {
    if (owner_.options_.accept(response))
      ++owner_.answered_;
    else
      fail("status " + std::to_string(response.status) + ": " + response.body);
  }

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
      } else if (connections_[i].deadline.passed()) {
        fail("no answer in time");
        close(i);
      }
    }
  }

  LoadClient& owner_;
  Fd epoll_;
  std::string request_;
  std::vector<Connection> connections_;
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
