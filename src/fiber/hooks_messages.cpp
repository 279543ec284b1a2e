#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "fiber/blocking_call.h"
#include "fiber/buffers.h"
#include "fiber/hook_families.h"
#include "fiber/messages.h"
#include "fiber/real_call.h"
#include "fiber/timespec.h"
#include "fiber/waiting_time.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 2> kHooked{"recvmmsg", "sendmmsg"};

constinit RealCall<decltype(::recvmmsg)> real_recvmmsg{"recvmmsg"};
constinit RealCall<decltype(::sendmmsg)> real_sendmmsg{"sendmmsg"};

constexpr unsigned kMostMessages = 1024;  // UIO_MAXIOV: more are taken for so many, see sendmmsg(2)

/// Ends a message that was sent in part; a stream's may be. False: it stays so.
bool send_rest(int socket, mmsghdr& message, int flags) noexcept {
  const auto size = total_size({message.msg_hdr.msg_iov, message.msg_hdr.msg_iovlen});
  if (message.msg_len >= size) return true;
  const auto sent = send_message(socket, &message.msg_hdr, flags | MSG_NOSIGNAL, message.msg_len);
  if (sent > 0) message.msg_len += static_cast<unsigned>(sent);
  return message.msg_len >= size;
}

int send_messages(int socket, mmsghdr* messages, unsigned count, int flags) noexcept {
  const int saved_errno = errno;
  BlockingCall call{socket, POLLOUT};
  unsigned sent = 0;
  while (sent < count) {
    const int more = real_sendmmsg(socket, messages + sent, count - sent, flags | MSG_DONTWAIT);
    if (more < 0 && (errno == EINTR || (errno == EAGAIN && call.await()))) continue;
    if (more <= 0) break;
    call.progressed();
    sent += static_cast<unsigned>(more);
    if (!send_rest(socket, messages[sent - 1], flags)) break;
  }
  if (sent == 0) return -1;
  errno = saved_errno;
  return static_cast<int>(sent);
}

/// The next few at once; of a stream, one that is whole.
int receive_some(int socket, mmsghdr* messages, unsigned count, int flags) noexcept {
  if ((flags & MSG_WAITALL) == 0) return real_recvmmsg(socket, messages, count, flags | MSG_DONTWAIT, nullptr);
  const auto received = receive_message(socket, &messages->msg_hdr, flags & ~MSG_WAITFORONE);
  if (received < 0) return -1;
  messages->msg_len = static_cast<unsigned>(received);
  return 1;
}

/// The kernel looks at the timeout between messages only, so that it may wait for ever for the next one, see
/// recvmmsg(2); here it is what the caller meant.
int receive_messages(int socket, mmsghdr* messages, unsigned count, int flags, nanoseconds timeout) noexcept {
  const int saved_errno = errno;
  BlockingCall call{socket, POLLIN, timeout};
  unsigned received = 0;
  while (received < count) {
    const int more = receive_some(socket, messages + received, count - received, flags);
    if (more < 0 && (errno == EINTR || (errno == EAGAIN && (flags & MSG_WAITALL) == 0 && call.await()))) continue;
    if (more <= 0) break;
    call.progressed();
    received += static_cast<unsigned>(more);
    if ((flags & MSG_WAITFORONE) != 0) break;
  }
  if (received == 0) return -1;
  errno = saved_errno;
  return static_cast<int>(received);
}

}  // namespace

SymbolNames messages_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

int sendmmsg(int socket, mmsghdr* messages, unsigned count, int flags) {
  if (!may_park() || count == 0 || (flags & kNeverWaits) != 0) return real_sendmmsg(socket, messages, count, flags);
  return send_messages(socket, messages, std::min(count, kMostMessages), flags);
}

int recvmmsg(int socket, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  if (!may_park() || count == 0 || (flags & kNeverWaits) != 0)
    return real_recvmmsg(socket, messages, count, flags, timeout);
  count = std::min(count, kMostMessages);
  if (timeout == nullptr) return receive_messages(socket, messages, count, flags, kForever);
  if (!is_valid(*timeout)) return real_recvmmsg(socket, messages, count, flags, timeout);
  const Patience patience{to_nanoseconds(*timeout)};
  const int received = receive_messages(socket, messages, count, flags, patience.left());
  *timeout = to_timespec(patience.left());
  return received;
}

}  // extern "C"
