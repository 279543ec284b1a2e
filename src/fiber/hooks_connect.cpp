#include <sys/socket.h>

#include <array>

#include "fiber/blocking_call.h"
#include "fiber/hook_families.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 4> kHooked{"connect", "__connect", "accept", "accept4"};

constinit RealCall<decltype(::connect)> real_connect{"connect"};
constinit RealCall<decltype(::accept)> real_accept{"accept"};
constinit RealCall<decltype(::accept4)> real_accept4{"accept4"};
constinit RealCall<int(pollfd*, nfds_t, int)> real_poll{"poll"};

/// Goes on until the connection stands or fails, as the kernel does: asking again is how it tells which.
int connect_waiting(int socket, const sockaddr* address, socklen_t size) noexcept {
  const int saved_errno = errno;
  BlockingCall call{socket, POLLOUT};
  int under_way = 0;  // EINPROGRESS, or EALREADY where another call had begun it
  while (true) {
    // Sockets that are still to be connected are rarely shared.
    const int result = call_at_once(socket, [=] { return real_connect(socket, address, size); });
    if (result == 0) errno = saved_errno;
    if (result == 0) return 0;
    const int error = errno;
    const bool is_under_way = error == EINPROGRESS || error == EALREADY;
    if (!is_under_way && error != EAGAIN && error != EINTR) return result;
    if (is_under_way && under_way == 0) under_way = error;
    // A unix socket whose listener's queue is full says EAGAIN, and nothing tells when there will be room.
    if (is_under_way ? call.await() : call.await_more()) continue;
    // EAGAIN: nobody wants to wait, or SO_SNDTIMEO is over, see socket(7).
    if (errno == EAGAIN && under_way != 0) errno = under_way;
    return -1;
  }
}

bool is_listening(int socket) noexcept {
  int listening = 0;
  socklen_t size = sizeof listening;
  return ::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

/// accept(2) has no such flag either, and a listener is shared with other processes more often than not: it is asked
/// first. If another process takes the connection in between, the call waits for the next one, and the loop with it.
template <class Accept>
int accept_waiting(int socket, Accept accept) noexcept {
  return call_until_done(socket, POLLIN, [&] {
    pollfd state{.fd = socket, .events = POLLIN, .revents = 0};
    if (real_poll(&state, nfds_t{1}, 0) != 0 || !is_listening(socket)) return accept();
    errno = EAGAIN;
    return -1;
  });
}

}  // namespace

SymbolNames connect_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

// NOLINTBEGIN(bugprone-reserved-identifier): the names are libc's
extern "C" {

using namespace indrik::fiber;

int connect(int socket, const sockaddr* address, socklen_t size) {
  if (!may_park()) return real_connect(socket, address, size);
  return connect_waiting(socket, address, size);
}

int __connect(int socket, const sockaddr* address, socklen_t size) { return connect(socket, address, size); }

int accept(int socket, sockaddr* address, socklen_t* size) {
  if (!may_park()) return real_accept(socket, address, size);
  return accept_waiting(socket, [=] { return real_accept(socket, address, size); });
}

int accept4(int socket, sockaddr* address, socklen_t* size, int flags) {
  if (!may_park()) return real_accept4(socket, address, size, flags);
  return accept_waiting(socket, [=] { return real_accept4(socket, address, size, flags); });
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
