#pragma once

#include "base/clock.h"

namespace indrik::net {

/// How long ago the last bytes came to a TCP connection, read or not, as the kernel says: what is read now has waited
/// for that long at least, be it in the listener's queue. 0 where the kernel does not say: a unix socket. See
/// tcpi_last_data_recv in tcp(7); exact to a tick of the kernel's clock.
milliseconds since_last_receipt(int socket) noexcept;

}  // namespace indrik::net
