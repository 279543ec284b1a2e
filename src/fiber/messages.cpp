#include "fiber/messages.h"

#include <poll.h>

#include "fiber/blocking_call.h"
#include "fiber/buffers.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

constinit RealCall<decltype(::recvmsg)> real_recvmsg{"recvmsg"};
constinit RealCall<decltype(::sendmsg)> real_sendmsg{"sendmsg"};
constinit RealCall<int(pollfd*, nfds_t, int)> real_poll{"poll"};

std::span<const iovec> buffers_of(const msghdr& message) noexcept { return {message.msg_iov, message.msg_iovlen}; }

/// Whether it carries bytes and not messages: only there is a short count an unfinished call.
bool is_stream(int socket) noexcept {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/// Whether no more will come.
bool is_at_end(int socket) noexcept {
  pollfd state{.fd = socket, .events = POLLRDHUP, .revents = 0};
  return real_poll(&state, nfds_t{1}, 0) != 0;
}

/// MSG_PEEK with MSG_WAITALL: the same bytes are seen again and again until there are enough.
ssize_t peek_whole(int socket, msghdr* message, int flags) noexcept {
  const int saved_errno = errno;
  const msghdr asked = *message;
  BlockingCall call{socket, POLLIN};
  while (true) {
    const bool at_end = is_at_end(socket);  // asked first: what comes before the end is seen below
    *message = asked;
    const ssize_t seen = real_recvmsg(socket, message, (flags & ~MSG_WAITALL) | MSG_DONTWAIT);
    if (seen < 0 && (errno == EINTR || (errno == EAGAIN && call.await()))) continue;
    if (seen < 0) return seen;
    const bool enough = seen == 0 || static_cast<std::size_t>(seen) >= total_size(buffers_of(asked));
    if (!enough && !at_end && is_stream(socket) && call.await_more()) continue;
    errno = saved_errno;
    return seen;
  }
}

/// What goes on behind the bytes that have come; what comes beside it has its place in `message` if nothing did before.
ssize_t receive_more(int socket, msghdr* message, int flags, std::size_t done, std::size_t control_size) noexcept {
  RestOfBuffers buffers{buffers_of(*message), done};
  const bool has_room = message->msg_controllen == 0;
  msghdr next{};
  next.msg_iov = buffers.data();
  next.msg_iovlen = buffers.size();
  next.msg_control = has_room ? message->msg_control : nullptr;
  next.msg_controllen = has_room ? control_size : 0;
  const ssize_t received = real_recvmsg(socket, &next, flags);
  if (received < 0) return received;
  message->msg_flags |= next.msg_flags;
  if (has_room) message->msg_controllen = next.msg_controllen;
  return received;
}

ssize_t receive_whole(int socket, msghdr* message, int flags) noexcept {
  const auto control_size = message->msg_controllen;
  flags |= MSG_DONTWAIT;
  return call_until_whole(
      socket, POLLIN, [&] { return is_stream(socket) ? total_size(buffers_of(*message)) : 0; },
      [&](std::size_t done) {
        return done == 0 ? real_recvmsg(socket, message, flags)
                         : receive_more(socket, message, flags, done, control_size);
      });
}

/// A part that follows another. It fails without a signal: the call as a whole has sent something.
ssize_t send_more(int socket, const msghdr* message, int flags, std::size_t done) noexcept {
  RestOfBuffers buffers{buffers_of(*message), done};
  msghdr next{};
  next.msg_iov = buffers.data();
  next.msg_iovlen = buffers.size();
  return real_sendmsg(socket, &next, flags | MSG_NOSIGNAL);
}

}  // namespace

ssize_t receive_message(int socket, msghdr* message, int flags) noexcept {
  if ((flags & kNeverWaits) != 0) return real_recvmsg(socket, message, flags);
  if ((flags & MSG_WAITALL) != 0)
    return (flags & MSG_PEEK) != 0 ? peek_whole(socket, message, flags) : receive_whole(socket, message, flags);
  return call_until_done(socket, POLLIN, [=] { return real_recvmsg(socket, message, flags | MSG_DONTWAIT); });
}

ssize_t send_message(int socket, const msghdr* message, int flags, std::size_t done) noexcept {
  if ((flags & kNeverWaits) != 0) return real_sendmsg(socket, message, flags);
  flags |= MSG_DONTWAIT;
  return call_until_whole(
      socket, POLLOUT, [=] { return total_size(buffers_of(*message)) - done; },
      [=](std::size_t more) {
        return done + more == 0 ? real_sendmsg(socket, message, flags) : send_more(socket, message, flags, done + more);
      });
}

}  // namespace indrik::fiber
