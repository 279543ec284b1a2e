#include "integration/support/slow_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "integration/support/client_socket.h"

namespace indrik::test {
namespace {

constexpr std::size_t kKept = 256;  // of what the server says

std::string first_words(SlowClient::Kind kind, std::string_view target) {
  const std::string rest = std::string{target} + " HTTP/1.1\r\nHost: a\r\n";
  switch (kind) {
    case SlowClient::Kind::head:
      return "GET " + rest + "X-Slow: ";
    case SlowClient::Kind::body:
      return "POST " + rest + "Content-Length: 100000\r\n\r\n";
    case SlowClient::Kind::reader:
      break;
  }
  return "GET " + rest + "\r\n";
}

}  // namespace

SlowClient::SlowClient(Kind kind, std::string_view address, std::string_view target)
    : kind_{kind}, fd_{start_connecting(address)}, request_{first_words(kind, target)} {
  const int window = 1;  // the kernel makes it the least that there is
  if (kind_ == Kind::reader) ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
}

void SlowClient::step() {
  if (ended_) return;
  if (!request_.empty()) {
    const auto sent = ::send(fd_.get(), request_.data(), request_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) request_.erase(0, static_cast<std::size_t>(sent));
  } else if (kind_ != Kind::reader) {
    ::send(fd_.get(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  hear();
}

void SlowClient::hear() {
  std::array<char, 1024> room;
  const ssize_t got = ::recv(fd_.get(), room.data(), kind_ == Kind::reader ? 1 : room.size(), MSG_DONTWAIT);
  if (got > 0 && heard_.size() < kKept) heard_.append(room.data(), static_cast<std::size_t>(got));
  pollfd state{.fd = fd_.get(), .events = 0, .revents = 0};
  const bool broken = ::poll(&state, 1, 0) == 1 && (state.revents & (POLLERR | POLLHUP)) != 0;
  // A reader's kernel may keep bytes that came before the reset.
  ended_ = got == 0 || (broken && request_.empty() && (got < 0 || kind_ == Kind::reader));
}

}  // namespace indrik::test
