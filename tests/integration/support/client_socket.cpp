#include "integration/support/client_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "base/strings.h"

namespace indrik::test {
namespace {

struct Target {
  sockaddr_storage raw{};
  socklen_t size = 0;
};

[[noreturn]] void refuse(std::string_view address) {
  throw std::runtime_error{"not an address to connect to: " + std::string{address}};
}

Target unix_target(std::string_view path) {
  Target target;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) refuse(path);
  std::memcpy(name.sun_path, path.data(), path.size());
  std::memcpy(&target.raw, &name, sizeof name);
  target.size = sizeof name;
  return target;
}

Target inet_target(std::string_view address) {
  Target target;
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos) refuse(address);
  const auto port = parse_number<std::uint16_t>(address.substr(colon + 1));
  if (!port) refuse(address);
  std::string host{address.substr(0, colon)};
  if (host.starts_with('[') && host.ends_with(']')) {
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_port = htons(*port);
    if (::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &name.sin6_addr) != 1) refuse(address);
    std::memcpy(&target.raw, &name, sizeof name);
    target.size = sizeof name;
  } else {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(*port);
    if (::inet_pton(AF_INET, host.c_str(), &name.sin_addr) != 1) refuse(address);
    std::memcpy(&target.raw, &name, sizeof name);
    target.size = sizeof name;
  }
  return target;
}

}  // namespace

Fd start_connecting(std::string_view address) {
  constexpr std::string_view kUnix = "unix:";
  const auto target = address.starts_with(kUnix) ? unix_target(address.substr(kUnix.size())) : inet_target(address);
  Fd fd{::socket(target.raw.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) throw std::runtime_error{"socket: " + Error::describe(errno)};
  const int on = 1;
  if (target.raw.ss_family != AF_UNIX) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_storage raw = target.raw;
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&raw), target.size) != 0 && errno != EINPROGRESS)
    throw std::runtime_error{"connect " + std::string{address} + ": " + Error::describe(errno)};
  return fd;
}

int connect_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

}  // namespace indrik::test
