#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>

namespace indrik::net {

/// recv(2) and send(2) on a socket that does not wait, without libc's care for pthread_cancel(3), which costs more than
/// the rest of the way into the kernel, and without the hooks that handlers' calls pass.
inline ssize_t receive_directly(int socket, void* buffer, std::size_t size, int flags) noexcept {
  return ::syscall(SYS_recvfrom, socket, buffer, size, flags, nullptr, nullptr);
}
inline ssize_t send_directly(int socket, const void* bytes, std::size_t size, int flags) noexcept {
  return ::syscall(SYS_sendto, socket, bytes, size, flags, nullptr, 0);
}

}  // namespace indrik::net
