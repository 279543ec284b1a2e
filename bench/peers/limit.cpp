// No server but a bound: the least work that any program must do which answers two routes by epoll. Whatever a server
// costs beyond this is what it gives for it: parsing, deadlines, limits, logs, handlers.
//
//   limit PORT WORKERS            GET / answers at once, GET /health after 100 ms
//
// Of a request only the sixth byte is looked at, and that it came in one piece is taken for granted; an answer is a
// constant. Every wait is equally long, so that those who wait stand in a ring in the order of their deadlines.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kDescriptors = 20000;
constexpr std::chrono::milliseconds kWait{100};
constexpr std::string_view kHello =
    "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 13\r\n\r\nHello, world!";
constexpr std::string_view kOk =
    "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 2\r\n\r\nok";

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int open_listener(std::uint16_t port) {
  const int one = 1;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("limit: bind");
  if (::listen(listener, 4096) != 0) die("limit: listen");
  return listener;
}

class Worker {
 public:
  explicit Worker(std::uint16_t port) : listener_{open_listener(port)} { watch(listener_, EPOLLIN); }

  [[noreturn]] void run() {
    std::array<epoll_event, 512> events;
    for (;;) {
      const int count = ::epoll_wait(poller_, events.data(), static_cast<int>(events.size()), milliseconds_to_wait());
      for (int i = 0; i < count; ++i) events[i].data.fd == listener_ ? accept_all() : on_input(events[i].data.fd);
      answer_waiting();
    }
  }

 private:
  struct Waiting {
    int fd;
    std::uint32_t life;  // of the descriptor: its number may be another connection's by then
    Clock::time_point due;
  };

  void watch(int fd, std::uint32_t what) {
    epoll_event event{.events = what, .data = {.fd = fd}};
    if (::epoll_ctl(poller_, EPOLL_CTL_ADD, fd, &event) != 0) die("limit: epoll_ctl");
  }

  int milliseconds_to_wait() const {
    if (first_ == last_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(waiting_[first_].due - Clock::now()).count();
    return left < 0 ? 0 : static_cast<int>(left);
  }

  void accept_all() {
    const int one = 1;
    for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      ++lives_[fd];
      watch(fd, EPOLLIN | EPOLLET);
    }
  }

  void on_input(int fd) {
    const auto size = ::recv(fd, input_.data(), input_.size(), 0);
    if (size <= 0) return close(fd);
    if (size < 6 || input_[5] != 'h') return send(fd, kHello);
    waiting_[last_] = {fd, lives_[fd], Clock::now() + kWait};
    last_ = (last_ + 1) % waiting_.size();
  }

  void answer_waiting() {
    if (first_ == last_) return;
    for (const auto now = Clock::now(); first_ != last_ && waiting_[first_].due <= now;) {
      const auto& next = waiting_[first_];
      if (next.life == lives_[next.fd]) send(next.fd, kOk);
      first_ = (first_ + 1) % waiting_.size();
    }
  }

  void send(int fd, std::string_view answer) {
    if (::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) close(fd);
  }
  void close(int fd) {
    ++lives_[fd];
    ::close(fd);
  }

  const int poller_ = ::epoll_create1(EPOLL_CLOEXEC);
  const int listener_;
  std::array<std::uint32_t, kDescriptors + 1> lives_{};
  std::array<Waiting, kDescriptors + 1> waiting_{};
  std::size_t first_ = 0, last_ = 0;
  std::array<char, 65536> input_;
};

}  // namespace

int main(int count, char** words) {
  if (count != 3) return std::fputs("usage: limit PORT WORKERS\n", stderr), 2;
  for (int i = 0; i < std::atoi(words[2]); ++i) {
    if (::fork() != 0) continue;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    static Worker worker{static_cast<std::uint16_t>(std::atoi(words[1]))};
    worker.run();
  }
  while (::wait(nullptr) > 0) {
  }
}
