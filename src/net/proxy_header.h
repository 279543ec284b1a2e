#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ip_address.h"

namespace indrik::net {

/// What a proxy says about the client of a connection, before anything else on it: the PROXY protocol, versions 1 and 2
/// (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt). Sans-I/O: a function of the bytes that came first.
struct ProxyHeader {
  /// Longest header of version 1, its CR LF included (section 2.1).
  static constexpr std::size_t kMaxSizeV1 = 107;
  /// Longest header of version 2 that is taken, with all its TLVs. The protocol allows 65,551 bytes; what is sent is
  /// some hundred, and nginx stops here as well.
  static constexpr std::size_t kMaxSizeV2 = 4096;

  enum class State : std::uint8_t {
    incomplete,  ///< all of these bytes begin a header; more are needed
    absent,      ///< no header begins like this: none of the bytes belongs to one
    malformed,   ///< a header that no proxy may send: the connection is of no use
    complete,    ///< the first `size` bytes are the header
  };

  State state = State::incomplete;
  std::size_t size = 0;
  /// The proxy speaks for itself (LOCAL: a health check), or says that it does not know the client (UNKNOWN, UNSPEC),
  /// or the client has no IP address (a unix socket of the proxy's): the connection's own addresses hold.
  bool local = false;
  std::optional<IpEndpoint> source{};       ///< the client, unless local
  std::optional<IpEndpoint> destination{};  ///< where it connected to, unless local
  bool over_tls = false;                    ///< version 2, PP2_TYPE_SSL: the client spoke TLS to the proxy

  /// `bytes` are all that came so far, from the connection's first one on. Reads none beyond the header's end.
  static ProxyHeader parse(std::string_view bytes) noexcept;
};

}  // namespace indrik::net
