#pragma once

#include <cstdint>

namespace indrik::net {

/// Bytes given to the socket that its peer has not taken: those that its kernel has not acknowledged (TCP), or has not
/// read (a unix socket, with the kernel's own overhead, and in steps of what was sent at once). 0 where the kernel does
/// not say. See SIOCOUTQ in tcp(7).
std::int64_t unsent(int socket) noexcept;

}  // namespace indrik::net
