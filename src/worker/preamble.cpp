#include "worker/preamble.h"

#include <sys/socket.h>

#include <cerrno>

namespace indrik::worker {
namespace {

/// They were there a moment ago, and nobody else reads: they still are.
bool consume(int socket, char* buffer, std::size_t size) noexcept {
  return size == 0 || ::recv(socket, buffer, size, MSG_DONTWAIT) == static_cast<ssize_t>(size);
}

}  // namespace

Preamble::Outcome Preamble::read(int socket, char* buffer) noexcept {
  const ssize_t size = ::recv(socket, buffer, kMost, MSG_PEEK | MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Outcome::waiting : Outcome::ended;
  if (size == 0) return Outcome::ended;
  const auto held = held_.size();
  held_.append(buffer, static_cast<std::size_t>(size));
  const auto header = net::ProxyHeader::parse(held_);
  switch (header.state) {
    case net::ProxyHeader::State::incomplete:
      return consume(socket, buffer, static_cast<std::size_t>(size)) ? Outcome::waiting : Outcome::ended;
    case net::ProxyHeader::State::malformed:
      return Outcome::refused;
    case net::ProxyHeader::State::absent:
      if (need_ == Need::required) return Outcome::refused;
      held_.resize(held);
      over_ = true;
      return Outcome::over;
    case net::ProxyHeader::State::complete:
      // A shorter part was incomplete: the header ends within what was peeked at now.
      if (!consume(socket, buffer, header.size - held)) return Outcome::ended;
      return finish(header);
  }
  return Outcome::refused;
}

Preamble::Outcome Preamble::finish(const net::ProxyHeader& header) {
  std::string{}.swap(held_);
  if (header.source) client_ = header.source->text();
  over_tls_ = header.over_tls;
  over_ = true;
  return Outcome::over;
}

}  // namespace indrik::worker
