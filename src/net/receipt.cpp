#include "net/receipt.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>

namespace indrik::net {
namespace {

/// All zero where the kernel does not say.
tcp_info info_of(int socket) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  const bool said = ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
                    size >= offsetof(tcp_info, tcpi_last_ack_recv) + sizeof info.tcpi_last_ack_recv;
  return said ? info : tcp_info{};
}

}  // namespace

milliseconds since_last_receipt(int socket) noexcept { return milliseconds{info_of(socket).tcpi_last_data_recv}; }

milliseconds from_receipt_to_end(int socket) noexcept {
  const auto info = info_of(socket);
  return std::max(milliseconds{info.tcpi_last_data_recv} - milliseconds{info.tcpi_last_ack_recv}, milliseconds{0});
}

}  // namespace indrik::net
