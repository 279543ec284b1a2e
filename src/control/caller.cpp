#include "control/caller.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

namespace indrik::control {
namespace {

int milliseconds_until(TimePoint deadline) noexcept {
  if (deadline == TimePoint::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

}  // namespace

Result<Caller> Caller::connect(const std::string& path, TimePoint deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(Error::format("{}: a socket's path has 1 to {} bytes", path, sizeof address.sun_path - 1));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd) return fail(Error::from_errno(errno, "socket"));
  // A unix socket's connect(2) waits for a full queue only, and as long as we may send.
  if (const int left = milliseconds_until(deadline); left >= 0) {
    const timeval patience{.tv_sec = left / 1000, .tv_usec = std::max(left % 1000, 1) * 1000};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(Error::from_errno(errno == EAGAIN ? ETIMEDOUT : errno, "connect to {}", path));
  return Caller{std::move(fd), deadline};
}

Result<std::string> Caller::ask(const Request& request) {
  const auto line = request_line(request);
  // Who is not let in hears why before he has asked, and then cannot ask any more.
  const auto sent = ::send(fd_.get(), line.data(), line.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EPIPE && errno != ECONNRESET) return fail(Error::from_errno(errno, "ask the master"));
  std::string answer;
  while (true) {
    auto piece = receive();
    if (!piece) return piece;
    if (piece->empty()) return fail(Error{"the master has closed the connection without an answer"});
    answer += *piece;
    if (const auto end = answer.find('\n'); end != std::string::npos) return answer.substr(0, end);
  }
}

Result<void> Caller::await_end() {
  while (true) {
    const auto piece = receive();
    if (!piece) return fail(piece.error());
    if (piece->empty()) return {};
  }
}

Result<std::string> Caller::receive() {
  std::array<char, 16 * 1024> room;
  if (auto readable = await(POLLIN); !readable) return fail(std::move(readable).error());
  const auto size = ::recv(fd_.get(), room.data(), room.size(), 0);
  if (size >= 0) return std::string{room.data(), static_cast<std::size_t>(size)};
  if (errno == ECONNRESET) return std::string{};  // it was killed
  return fail(Error::from_errno(errno, "hear the master's answer"));
}

Result<void> Caller::await(short events) {
  pollfd source{.fd = fd_.get(), .events = events, .revents = 0};
  while (true) {
    const int ready = ::poll(&source, 1, milliseconds_until(deadline_));
    if (ready > 0) return {};
    if (ready == 0) return fail(Error{"the master has not answered in time", ETIMEDOUT});
    if (errno != EINTR) return fail(Error::from_errno(errno, "poll"));
  }
}

}  // namespace indrik::control
