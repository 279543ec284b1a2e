#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/strings.h"

namespace indrik::net {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kInherited = "fd://";

Failure<Error> refused(std::string_view text, std::string_view why) {
  return fail(
      Error::format("address '{}': {}; accepted are HOST:PORT, [IPV6]:PORT, unix:PATH and fd://N", escaped(text), why));
}

/// Host and port as they stand in the text; the brackets of [v6] are gone.
struct HostPort {
  std::string_view host;
  std::string_view port;
  bool bracketed = false;
};

std::optional<HostPort> split_host_port(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const auto end = text.find("]:");
    if (end == std::string_view::npos) return std::nullopt;
    return HostPort{.host = text.substr(1, end - 1), .port = text.substr(end + 2), .bracketed = true};
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return HostPort{.host = text.substr(0, colon), .port = text.substr(colon + 1)};
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  Address address;
  if (text.starts_with(kUnix)) {
    const auto path = text.substr(kUnix.size());
    auto& raw = reinterpret_cast<sockaddr_un&>(address.raw_);
    if (path.empty() || path.find('\0') != std::string_view::npos) return refused(text, "no path");
    if (path.size() >= sizeof raw.sun_path)
      return refused(text, fmt::format("the path is longer than {} bytes", sizeof raw.sun_path - 1));
    raw.sun_family = AF_UNIX;
    std::memcpy(raw.sun_path, path.data(), path.size());
    address.kind_ = Kind::unix_path;
    address.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    address.path_ = path;
    return address;
  }
  if (text.starts_with(kInherited)) {
    const auto number = parse_number<int>(text.substr(kInherited.size()));
    if (!number || *number < 0) return refused(text, "no descriptor's number");
    address.kind_ = Kind::inherited;
    address.inherited_fd_ = *number;
    return address;
  }
  const auto parts = split_host_port(text);
  if (!parts) return refused(text, "no port");
  const auto port = parse_number<std::uint16_t>(parts->port);
  if (!port) return refused(text, "the port is no number from 0 to 65535");
  if (parts->bracketed) {
    auto& raw = reinterpret_cast<sockaddr_in6&>(address.raw_);
    if (::inet_pton(AF_INET6, std::string{parts->host}.c_str(), &raw.sin6_addr) != 1)
      return refused(text, "no IPv6 address in the brackets");
    raw.sin6_family = AF_INET6;
    raw.sin6_port = htons(*port);
    address.kind_ = Kind::inet6;
    address.size_ = sizeof raw;
    return address;
  }
  if (parts->host.find(':') != std::string_view::npos) return refused(text, "an IPv6 address stands in brackets");
  auto& raw = reinterpret_cast<sockaddr_in&>(address.raw_);
  const std::string host{parts->host.empty() ? "0.0.0.0" : parts->host == "localhost" ? "127.0.0.1" : parts->host};
  if (::inet_pton(AF_INET, host.c_str(), &raw.sin_addr) != 1)
    return refused(text, "the host is no numeric address (names are not looked up)");
  raw.sin_family = AF_INET;
  raw.sin_port = htons(*port);
  address.size_ = sizeof raw;
  return address;
}

Address Address::from_sockaddr(const sockaddr_storage& raw, socklen_t size) {
  Address address;
  address.raw_ = raw;
  address.size_ = size;
  switch (raw.ss_family) {
    case AF_INET6:
      address.kind_ = Kind::inet6;
      break;
    case AF_UNIX: {
      address.kind_ = Kind::unix_path;
      const auto& un = reinterpret_cast<const sockaddr_un&>(address.raw_);
      // An unnamed socket (the peer of most unix connections) has no path at all; an abstract one begins with NUL.
      if (size > offsetof(sockaddr_un, sun_path))
        address.path_.assign(un.sun_path, ::strnlen(un.sun_path, size - offsetof(sockaddr_un, sun_path)));
      break;
    }
    default:
      address.kind_ = Kind::inet;
  }
  return address;
}

std::string Address::text() const {
  char host[INET6_ADDRSTRLEN] = "";
  switch (kind_) {
    case Kind::unix_path:
      return fmt::format("{}{}", kUnix, path_);
    case Kind::inherited:
      return fmt::format("{}{}", kInherited, inherited_fd_);
    case Kind::inet6: {
      const auto& raw = reinterpret_cast<const sockaddr_in6&>(raw_);
      ::inet_ntop(AF_INET6, &raw.sin6_addr, host, sizeof host);
      return fmt::format("[{}]:{}", static_cast<const char*>(host), ntohs(raw.sin6_port));
    }
    case Kind::inet:
      break;
  }
  const auto& raw = reinterpret_cast<const sockaddr_in&>(raw_);
  ::inet_ntop(AF_INET, &raw.sin_addr, host, sizeof host);
  return fmt::format("{}:{}", static_cast<const char*>(host), ntohs(raw.sin_port));
}

const sockaddr* Address::raw() const noexcept { return reinterpret_cast<const sockaddr*>(&raw_); }

}  // namespace indrik::net
