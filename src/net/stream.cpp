#include "net/stream.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <cerrno>

namespace indrik::net {

ssize_t Stream::receive(char* buffer, std::size_t capacity) noexcept {
  return ::recv(socket_.get(), buffer, capacity, 0);
}

ssize_t Stream::send(std::string_view bytes, bool more) noexcept {
  return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | (more ? MSG_MORE : 0));
}

ssize_t Stream::send_file(int file, std::uint64_t offset, std::size_t size) noexcept {
  auto from = static_cast<off_t>(offset);
  return ::sendfile(socket_.get(), file, &from, size);
}

bool Stream::would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

bool Stream::end_sending() noexcept { return ::shutdown(socket_.get(), SHUT_WR) == 0; }

void Stream::reset_on_close() noexcept {
  const ::linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace indrik::net
