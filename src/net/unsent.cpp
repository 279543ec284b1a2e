#include "net/unsent.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace indrik::net {

std::int64_t unsent(int socket) noexcept {
  int size = 0;
  return ::ioctl(socket, SIOCOUTQ, &size) == 0 ? size : 0;
}

}  // namespace indrik::net
