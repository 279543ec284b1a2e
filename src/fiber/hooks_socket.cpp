#include <sys/socket.h>

#include <array>

#include "fiber/blocking_call.h"
#include "fiber/hook_families.h"
#include "fiber/messages.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 9> kHooked{"recv", "recvfrom", "recvmsg", "__recv_chk", "__recvfrom_chk",
                                                  "send", "sendto",   "sendmsg", "__send"};

constinit RealCall<decltype(::recv)> real_recv{"recv"};
constinit RealCall<decltype(::recvfrom)> real_recvfrom{"recvfrom"};
constinit RealCall<decltype(::recvmsg)> real_recvmsg{"recvmsg"};
constinit RealCall<decltype(::send)> real_send{"send"};
constinit RealCall<decltype(::sendto)> real_sendto{"sendto"};
constinit RealCall<decltype(::sendmsg)> real_sendmsg{"sendmsg"};
constinit RealCall<ssize_t(int, void*, std::size_t, std::size_t, int)> real_recv_chk{"__recv_chk"};
constinit RealCall<ssize_t(int, void*, std::size_t, std::size_t, int, sockaddr*, socklen_t*)> real_recvfrom_chk{
    "__recvfrom_chk"};

ssize_t receive(int socket, void* buffer, std::size_t size, int flags) noexcept {
  if ((flags & MSG_WAITALL) == 0)
    return call_until_done(socket, POLLIN, [=] { return real_recv(socket, buffer, size, flags | MSG_DONTWAIT); });
  iovec whole{buffer, size};
  msghdr message{};
  message.msg_iov = &whole;
  message.msg_iovlen = 1;
  return receive_message(socket, &message, flags);
}

ssize_t receive_from(int socket, void* buffer, std::size_t size, int flags, sockaddr* from, socklen_t* from_size) {
  if ((flags & MSG_WAITALL) == 0)
    return call_until_done(socket, POLLIN,
                           [=] { return real_recvfrom(socket, buffer, size, flags | MSG_DONTWAIT, from, from_size); });
  iovec whole{buffer, size};
  msghdr message{};
  message.msg_iov = &whole;
  message.msg_iovlen = 1;
  message.msg_name = from;
  message.msg_namelen = from != nullptr && from_size != nullptr ? *from_size : 0;
  const auto received = receive_message(socket, &message, flags);
  if (received >= 0 && from != nullptr && from_size != nullptr) *from_size = message.msg_namelen;
  return received;
}

/// The first part, to the address. Nothing has gone with MSG_FASTOPEN when the kernel first has to connect the usual
/// way; the parts that follow are then as for any connection.
ssize_t send_first(int socket, const void* buffer, std::size_t size, int& flags, const sockaddr* to,
                   socklen_t to_size) noexcept {
  const ssize_t sent = real_sendto(socket, buffer, size, flags, to, to_size);
  if (sent >= 0 || errno != EINPROGRESS || !BlockingCall{socket, POLLOUT}.is_blocking()) return sent;
  flags &= ~MSG_FASTOPEN;
  errno = EAGAIN;
  return sent;
}

/// The address goes with the first part only: what can be sent in parts is connected.
ssize_t send_whole(int socket, const void* buffer, std::size_t size, int flags, const sockaddr* to, socklen_t to_size) {
  flags |= MSG_DONTWAIT;
  const int asked = flags;
  return call_until_whole(
      socket, POLLOUT, [=] { return size; },
      [&](std::size_t done) {
        const bool connected = flags != asked;
        if (done == 0)
          return send_first(socket, buffer, size, flags, connected ? nullptr : to, connected ? 0 : to_size);
        return real_send(socket, static_cast<const std::byte*>(buffer) + done, size - done,
                         (flags & ~MSG_FASTOPEN) | MSG_NOSIGNAL);
      });
}

bool waits(int flags) noexcept { return may_park() && (flags & kNeverWaits) == 0; }

}  // namespace

SymbolNames socket_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

// The first attempt is the call itself with MSG_DONTWAIT: what is there costs a flag more than without the hook. Only
// after EAGAIN is the descriptor asked whether anybody wants to wait. SO_RCVLOWAT above 1 is heeded by such waits only.
// NOLINTBEGIN(bugprone-reserved-identifier): the names are libc's
extern "C" {

using namespace indrik::fiber;

ssize_t recv(int socket, void* buffer, std::size_t size, int flags) {
  return waits(flags) ? receive(socket, buffer, size, flags) : real_recv(socket, buffer, size, flags);
}

ssize_t recvfrom(int socket, void* buffer, std::size_t size, int flags, sockaddr* from, socklen_t* from_size) {
  if (!waits(flags)) return real_recvfrom(socket, buffer, size, flags, from, from_size);
  return receive_from(socket, buffer, size, flags, from, from_size);
}

ssize_t recvmsg(int socket, msghdr* message, int flags) {
  return waits(flags) ? receive_message(socket, message, flags) : real_recvmsg(socket, message, flags);
}

// What _FORTIFY_SOURCE makes of them; libc's own says that the buffer is too small, and aborts.
ssize_t __recv_chk(int socket, void* buffer, std::size_t size, std::size_t room, int flags) {
  if (!waits(flags) || size > room) return real_recv_chk(socket, buffer, size, room, flags);
  return receive(socket, buffer, size, flags);
}

ssize_t __recvfrom_chk(int socket, void* buffer, std::size_t size, std::size_t room, int flags, sockaddr* from,
                       socklen_t* from_size) {
  if (!waits(flags) || size > room) return real_recvfrom_chk(socket, buffer, size, room, flags, from, from_size);
  return receive_from(socket, buffer, size, flags, from, from_size);
}

ssize_t send(int socket, const void* buffer, std::size_t size, int flags) {
  if (!waits(flags)) return real_send(socket, buffer, size, flags);
  return send_whole(socket, buffer, size, flags, nullptr, 0);
}

ssize_t __send(int socket, const void* buffer, std::size_t size, int flags) {
  return send(socket, buffer, size, flags);
}

ssize_t sendto(int socket, const void* buffer, std::size_t size, int flags, const sockaddr* to, socklen_t to_size) {
  if (!waits(flags)) return real_sendto(socket, buffer, size, flags, to, to_size);
  return send_whole(socket, buffer, size, flags, to, to_size);
}

ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  return waits(flags) ? send_message(socket, message, flags) : real_sendmsg(socket, message, flags);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
