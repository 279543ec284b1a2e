#pragma once

#include "base/clock.h"

namespace indrik::net {

/// How long ago the last bytes came to a TCP connection, read or not, as the kernel says: what is read now has waited
/// for that long at least, be it in the listener's queue. 0 where the kernel does not say: a unix socket. See
/// tcpi_last_data_recv in tcp(7); exact to a tick of the kernel's clock.
milliseconds since_last_receipt(int socket) noexcept;

/// Of a TCP connection whose peer has ended its sending half, and to which nothing was sent since its last bytes: how
/// long after these it did so (tcpi_last_data_recv less tcpi_last_ack_recv). 0 where the kernel does not say.
milliseconds from_receipt_to_end(int socket) noexcept;

}  // namespace indrik::net
