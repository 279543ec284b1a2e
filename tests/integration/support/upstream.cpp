#include "integration/support/upstream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "base/error.h"

namespace indrik::test {

Upstream::Upstream(Options options, unsigned short port)
    : options_{std::move(options)},
      listener_{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)},
      epoll_{::epoll_create1(EPOLL_CLOEXEC)},
      wake_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)},
      released_{!options_.holds} {
  const int on = 1;
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_.get(), 1024) != 0 ||
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error{"upstream: " + Error::describe(errno)};
  port_ = ntohs(address.sin_port);
  for (const int fd : {listener_.get(), wake_.get()}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }
  thread_ = std::thread{[this] { run(); }};
}

Upstream::~Upstream() {
  stopping_ = true;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void Upstream::release() {
  released_ = true;
  ::eventfd_write(wake_.get(), 1);
}

void Upstream::run() {
  std::array<epoll_event, 64> events;
  while (!stopping_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), ms_until_due());
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener_.get())
        accept_clients();
      else if (eventfd_t ignored = 0; fd == wake_.get())
        ::eventfd_read(fd, &ignored);
      else
        on_input(fd);
    }
    answer_due();
  }
}

int Upstream::ms_until_due() const {
  if (waiting_.empty() || !released_) return -1;
  const auto left = std::chrono::ceil<milliseconds>(waiting_.front().due - Clock::now()).count();
  return static_cast<int>(std::max<decltype(left)>(left, 0));
}

void Upstream::accept_clients() {
  for (;;) {
    Fd fd{::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!fd) return;
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.fd = fd.get()}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event);
    ++connections_;
    const int number = fd.get();
    clients_.emplace(number, Client{.fd = std::move(fd)});
  }
}

void Upstream::on_input(int fd) {
  const auto client = clients_.find(fd);
  if (client == clients_.end()) return;
  flush(client->second);
  std::array<char, 4096> bytes;
  for (;;) {
    const auto size = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return drop(fd);
    auto& input = client->second.input.append(bytes.data(), static_cast<std::size_t>(size));
    for (std::size_t end; (end = input.find("\r\n\r\n")) != input.npos;) {
      input.erase(0, end + 4);
      take_request(fd);
    }
  }
}

void Upstream::take_request(int fd) {
  waiting_.push_back({.due = Clock::now() + options_.delay, .fd = fd});
  most_in_flight_ = std::max<std::size_t>(most_in_flight_, ++in_flight_);
}

void Upstream::answer_due() {
  while (released_ && !waiting_.empty() && waiting_.front().due <= Clock::now()) {
    auto& client = clients_.at(waiting_.front().fd);
    waiting_.pop_front();
    --in_flight_;
    client.output += "HTTP/1.1 " + std::to_string(options_.status) + " Status\r\nContent-Type: text/plain\r\n" +
                     "Content-Length: " + std::to_string(options_.body.size()) + "\r\n\r\n" + options_.body;
    flush(client);
  }
}

void Upstream::flush(Client& client) {
  while (!client.output.empty()) {
    const auto sent = ::send(client.fd.get(), client.output.data(), client.output.size(), MSG_NOSIGNAL);
    if (sent < 0) return;  // writable again, or gone: the next event tells
    client.output.erase(0, static_cast<std::size_t>(sent));
  }
}

void Upstream::drop(int fd) {
  in_flight_ -= static_cast<std::size_t>(std::erase_if(waiting_, [=](const auto& one) { return one.fd == fd; }));
  --connections_;
  clients_.erase(fd);
}

}  // namespace indrik::test
