#include "net/address_set.h"

#include <algorithm>

#include "base/strings.h"

namespace indrik::net {
namespace {

constexpr unsigned kAllBits = 128;
constexpr unsigned kV4Offset = 96;

bool contains_address(const IpAddress& network, unsigned bits, const IpAddress& address) noexcept {
  if (bits < kV4Offset && address.is_v4()) return false;  // ::/0 is all of IPv6, not all there is
  const auto whole = bits / 8;
  if (!std::equal(network.bytes().begin(), network.bytes().begin() + whole, address.bytes().begin())) return false;
  if (bits % 8 == 0) return true;
  return ((network.bytes()[whole] ^ address.bytes()[whole]) >> (8 - bits % 8)) == 0;
}

bool has_bits_beyond(const IpAddress& address, unsigned bits) noexcept {
  for (unsigned at = bits; at < kAllBits; ++at)
    if (((address.bytes()[at / 8] >> (7 - at % 8)) & 1) != 0) return true;
  return false;
}

Failure<Error> refused(std::string_view entry, std::string_view why) {
  return fail(
      Error::format("'{}': {}; accepted are addresses, networks like 192.0.2.0/24 and 2001:db8::/32, unix, and *",
                    escaped(entry), why));
}

}  // namespace

Result<AddressSet> AddressSet::parse(std::span<const std::string> entries) {
  AddressSet set;
  for (const auto& entry : entries) {
    if (entry == "*") {
      set.everybody_ = true;
    } else if (entry == "unix") {
      set.unix_ = true;
    } else {
      auto network = parse_network(entry);
      if (!network) return fail(std::move(network).error());
      set.networks_.push_back(*network);
    }
  }
  return set;
}

Result<AddressSet::Network> AddressSet::parse_network(std::string_view entry) {
  const auto slash = entry.find('/');
  const auto host = entry.substr(0, slash);
  const auto address = IpAddress::parse(host);
  if (!address) return refused(entry, "no IP address (names are not looked up)");
  if (slash == std::string_view::npos) return Network{.address = *address, .bits = kAllBits};
  // How it is written says what the length counts: ::ffff:192.0.2.0/120 is a network of IPv4 addresses, too.
  const unsigned offset = host.find(':') == std::string_view::npos ? kV4Offset : 0;
  const auto length = parse_number<unsigned>(entry.substr(slash + 1));
  if (!length || *length > kAllBits - offset)
    return refused(entry, fmt::format("the length is no number from 0 to {}", kAllBits - offset));
  if (has_bits_beyond(*address, offset + *length))
    return refused(entry, "the address has bits beyond the network's length");
  return Network{.address = *address, .bits = offset + *length};
}

bool AddressSet::contains(const IpAddress& address) const noexcept {
  return everybody_ || std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
           return contains_address(network.address, network.bits, address);
         });
}

bool AddressSet::contains_peer(std::string_view peer) const noexcept {
  if (peer.empty()) return contains_unix();
  const auto endpoint = IpEndpoint::parse(peer);
  return endpoint ? contains(endpoint->address) : everybody_;
}

}  // namespace indrik::net
