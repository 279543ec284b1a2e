#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "fiber/blocking_call.h"
#include "fiber/buffers.h"
#include "fiber/hook_families.h"
#include "fiber/messages.h"
#include "fiber/real_call.h"
#include "fiber/streams.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 7> kHooked{"read",  "readv",  "__read", "__read_chk",
                                                  "write", "writev", "__write"};

constinit RealCall<decltype(::recv)> real_recv{"recv"};
constinit RealCall<decltype(::recvmsg)> real_recvmsg{"recvmsg"};
constinit RealCall<decltype(::send)> real_send{"send"};
constinit RealCall<ssize_t(int, void*, std::size_t)> real_read{"read"};
constinit RealCall<ssize_t(int, const iovec*, int)> real_readv{"readv"};
constinit RealCall<ssize_t(int, const void*, std::size_t)> real_write{"write"};
constinit RealCall<ssize_t(int, const iovec*, int)> real_writev{"writev"};
constinit RealCall<ssize_t(int, void*, std::size_t, std::size_t)> real_read_chk{"__read_chk"};

// Most are sockets, and on a socket these calls are recv(2) and send(2) without flags. Whether it is one, the attempt
// itself tells.
ssize_t read_any(int descriptor, void* buffer, std::size_t size) noexcept {
  const int saved_errno = errno;
  const auto received =
      call_until_done(descriptor, POLLIN, [=] { return real_recv(descriptor, buffer, size, MSG_DONTWAIT); });
  if (received >= 0 || errno != ENOTSOCK) return received;
  errno = saved_errno;
  const iovec whole{buffer, size};
  return read_other(descriptor, &whole, 1);
}

ssize_t readv_any(int descriptor, const iovec* buffers, int count) noexcept {
  const int saved_errno = errno;
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(buffers);
  message.msg_iovlen = static_cast<std::size_t>(count);
  const auto received = call_until_done(descriptor, POLLIN, [&] {
    const ssize_t got = real_recvmsg(descriptor, &message, MSG_DONTWAIT);
    // Unlike recvmsg(2), readv(2) does not wait for nothing.
    const bool of_nothing = got < 0 && errno == EAGAIN && total_size({buffers, message.msg_iovlen}) == 0;
    return of_nothing ? 0 : got;
  });
  if (received >= 0 || errno != ENOTSOCK) return received;
  errno = saved_errno;
  return read_other(descriptor, buffers, count);
}

ssize_t write_any(int descriptor, const void* buffer, std::size_t size) noexcept {
  const int saved_errno = errno;
  const auto sent = call_until_whole(
      descriptor, POLLOUT, [=] { return size; },
      [=](std::size_t done) {
        return real_send(descriptor, static_cast<const std::byte*>(buffer) + done, size - done,
                         MSG_DONTWAIT | (done > 0 ? MSG_NOSIGNAL : 0));
      });
  if (sent >= 0 || errno != ENOTSOCK) return sent;
  errno = saved_errno;
  const iovec whole{const_cast<void*>(buffer), size};
  return write_other(descriptor, &whole, 1);
}

ssize_t writev_any(int descriptor, const iovec* buffers, int count) noexcept {
  const int saved_errno = errno;
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(buffers);
  message.msg_iovlen = static_cast<std::size_t>(count);
  const auto sent = send_message(descriptor, &message, 0);
  if (sent >= 0 || errno != ENOTSOCK) return sent;
  errno = saved_errno;
  return write_other(descriptor, buffers, count);
}

/// Else libc's call says what is wrong with it, with an errno other than a message's.
bool is_vector(int count) noexcept { return count > 0 && count <= IOV_MAX; }

}  // namespace

SymbolNames read_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

// NOLINTBEGIN(bugprone-reserved-identifier): the names are libc's
extern "C" {

using namespace indrik::fiber;

ssize_t read(int descriptor, void* buffer, std::size_t size) {
  return may_park() && size > 0 ? read_any(descriptor, buffer, size) : real_read(descriptor, buffer, size);
}

ssize_t __read(int descriptor, void* buffer, std::size_t size) { return read(descriptor, buffer, size); }

ssize_t __read_chk(int descriptor, void* buffer, std::size_t size, std::size_t room) {
  if (!may_park() || size > room) return real_read_chk(descriptor, buffer, size, room);
  return read(descriptor, buffer, size);
}

ssize_t readv(int descriptor, const iovec* buffers, int count) {
  return may_park() && is_vector(count) ? readv_any(descriptor, buffers, count)
                                        : real_readv(descriptor, buffers, count);
}

ssize_t write(int descriptor, const void* buffer, std::size_t size) {
  return may_park() && size > 0 ? write_any(descriptor, buffer, size) : real_write(descriptor, buffer, size);
}

ssize_t __write(int descriptor, const void* buffer, std::size_t size) { return write(descriptor, buffer, size); }

ssize_t writev(int descriptor, const iovec* buffers, int count) {
  return may_park() && is_vector(count) ? writev_any(descriptor, buffers, count)
                                        : real_writev(descriptor, buffers, count);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
