#pragma once

#include <cstdint>

#include "http/forwarded.h"
#include "http/parse_error.h"
#include "net/address_set.h"

namespace indrik::worker {

class RunningExchange;

enum class ProxyProtocol : std::uint8_t { off, optional, required };

/// Whom a worker believes about its clients, and what. By default nobody.
struct Proxies {
  ProxyProtocol protocol = ProxyProtocol::off;
  net::AddressSet protocol_peers;          ///< who may send a PROXY header
  net::AddressSet forwarders;              ///< whose forwarded fields are believed
  http::ForwardedFields forwarded_fields;  ///< which are

  /// What the exchange's request says of its client, whose connection comes from a forwarder, takes the place of what
  /// the connection says: peer, scheme, host and prefix; a path that begins with SCRIPT_NAME goes on without it.
  /// Otherwise nothing is changed, and the request is to be refused.
  http::ParseError heed_fields(RunningExchange& exchange) const;
};

}  // namespace indrik::worker
