#include "integration/support/http_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <iterator>
#include <stdexcept>

#include "base/error.h"
#include "integration/support/client_socket.h"

namespace indrik::test {

std::string request_bytes(std::string_view method, std::string_view target, std::string_view body,
                          const HttpClient::Fields& fields) {
  auto bytes = fmt::format("{} {} HTTP/1.1\r\nHost: test\r\n", method, target);
  for (const auto& [name, value] : fields) fmt::format_to(std::back_inserter(bytes), "{}: {}\r\n", name, value);
  if (!body.empty()) fmt::format_to(std::back_inserter(bytes), "Content-Length: {}\r\n", body.size());
  return bytes.append("\r\n").append(body);
}

HttpClient::HttpClient(std::string_view address) : fd_{start_connecting(address)} {
  if (!await_fd(fd_.get(), POLLOUT, Deadline{})) throw std::runtime_error{"connect: timed out"};
  if (const int error = connect_error(fd_.get()); error != 0)
    throw std::runtime_error{"connect " + std::string{address} + ": " + Error::describe(error)};
}

HttpResponse HttpClient::request(std::string_view method, std::string_view target, std::string_view body,
                                 const Fields& fields) {
  send(request_bytes(method, target, body, fields));
  return receive(method);
}

void HttpClient::send(std::string_view bytes) {
  const Deadline deadline;
  while (!bytes.empty()) {
    const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      throw std::runtime_error{"send: " + Error::describe(errno)};
    } else if (!await_fd(fd_.get(), POLLOUT, deadline)) {
      throw std::runtime_error{"send: the server did not read in time"};
    }
  }
}

HttpResponse HttpClient::receive(std::string_view method) {
  const Deadline deadline;
  for (;;) {
    if (auto response = reader_.next(method)) return *std::move(response);
    if (!read_more(deadline)) {
      if (auto response = reader_.at_end(method)) return *std::move(response);
      throw std::runtime_error{"the server closed the connection instead of answering"};
    }
  }
}

std::string HttpClient::receive_until_closed() {
  const Deadline deadline;
  while (read_more(deadline)) continue;
  return reader_.unread();
}

std::string HttpClient::receive_bytes_until(std::string_view end) {
  const Deadline deadline;
  while (true) {
    const auto at = reader_.unread().find(end);
    if (at != std::string::npos) return reader_.take_raw(at + end.size());
    if (!read_more(deadline)) throw std::runtime_error{"the server closed the connection before " + std::string{end}};
  }
}

bool HttpClient::is_silent() {
  char byte;
  return reader_.unread().empty() && ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void HttpClient::end_sending() { ::shutdown(fd_.get(), SHUT_WR); }

void HttpClient::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd_.reset();
}

bool HttpClient::read_more(const Deadline& deadline) {
  std::array<char, 16384> bytes;
  for (;;) {
    if (!await_fd(fd_.get(), POLLIN, deadline)) throw std::runtime_error{"the server did not answer in time"};
    const auto got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (got > 0) {
      reader_.feed({bytes.data(), static_cast<std::size_t>(got)});
      return true;
    }
    if (got == 0 || errno == ECONNRESET) return false;
    if (errno != EAGAIN && errno != EINTR) throw std::runtime_error{"recv: " + Error::describe(errno)};
  }
}

}  // namespace indrik::test
