#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"

namespace indrik::net {

/// Whom a setting like forwarded_allow_ips names: networks, single addresses, peers on unix sockets, or everybody.
/// Read-only once made: safe from any thread.
class AddressSet {
 public:
  /// Nobody.
  AddressSet() = default;
  /// Each entry is "192.0.2.0/24", "2001:db8::/32", "192.0.2.1", "::1", "unix" or "*". The error names the first entry
  /// that is none of these and says why; bits beyond the prefix's length are such a reason, for one of the two is
  /// wrong.
  static Result<AddressSet> parse(std::span<const std::string> entries);

  bool empty() const noexcept { return !everybody_ && !unix_ && networks_.empty(); }
  bool contains(const IpAddress& address) const noexcept;
  bool contains_unix() const noexcept { return everybody_ || unix_; }
  /// Of a connection: "192.0.2.1:4711", "[::1]:80", or "" for a unix socket.
  bool contains_peer(std::string_view peer) const noexcept;

 private:
  struct Network {
    IpAddress address;
    unsigned bits;  ///< of the IPv6 form
  };
  static Result<Network> parse_network(std::string_view entry);

  std::vector<Network> networks_;
  bool unix_ = false;
  bool everybody_ = false;
};

}  // namespace indrik::net
