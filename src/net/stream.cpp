#include "net/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/direct.h"

namespace indrik::net {

ssize_t Stream::receive(char* buffer, std::size_t capacity) noexcept {
  if (tls_) return tls_->receive(buffer, capacity);
  return receive_directly(socket_.get(), buffer, capacity, 0);
}

ssize_t Stream::send(std::string_view bytes, bool more) noexcept {
  if (tls_) return tls_->send(bytes, more);
  return send_directly(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | (more ? MSG_MORE : 0));
}

ssize_t Stream::send_file(int file, std::uint64_t offset, std::size_t size) noexcept {
  if (tls_) return tls_->send_file(file, static_cast<off_t>(offset), size);
  auto from = static_cast<off_t>(offset);
  return ::sendfile(socket_.get(), file, &from, size);
}

ssize_t Stream::peek() const noexcept {
  // A request may be as short as a goodbye, but then its client has ended its side right after it.
  constexpr ssize_t kLongestGoodbye = 64;
  char bytes[kLongestGoodbye + 1];
  const ssize_t size = ::recv(socket_.get(), bytes, tls_ ? sizeof bytes : 1, MSG_PEEK | MSG_DONTWAIT);
  if (!tls_ || size <= 0 || size > kLongestGoodbye) return size;
  tcp_info info{};
  socklen_t length = sizeof info;
  const bool knows = ::getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &length) == 0;
  return knows && info.tcpi_state == TCP_CLOSE_WAIT ? 0 : size;
}

bool Stream::would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

bool Stream::end_sending() noexcept {
  if (tls_ && !tls_->say_goodbye()) return false;
  return ::shutdown(socket_.get(), SHUT_WR) == 0;
}

void Stream::reset_on_close() noexcept {
  const ::linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  is_cut_ = true;
}

void Stream::close() noexcept {
  if (tls_) tls_->close(!is_cut_);
  socket_.reset();
}

}  // namespace indrik::net
