#include "net/receipt.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstddef>

namespace indrik::net {

milliseconds since_last_receipt(int socket) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return milliseconds{0};
  if (size < offsetof(tcp_info, tcpi_last_data_recv) + sizeof info.tcpi_last_data_recv) return milliseconds{0};
  return milliseconds{info.tcpi_last_data_recv};
}

}  // namespace indrik::net
