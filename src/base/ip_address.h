#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace indrik {

/// An IPv4 or IPv6 address without a port. IPv4 and its image in IPv6 (::ffff:192.0.2.1, RFC 4291 2.5.5.2) are the same
/// address: what a dual-stack socket reports is recognised.
class IpAddress {
 public:
  static constexpr std::size_t kSize = 16;

  static IpAddress from_v4(const std::array<std::uint8_t, 4>& bytes) noexcept;
  static IpAddress from_v6(const std::array<std::uint8_t, kSize>& bytes) noexcept { return IpAddress{bytes}; }
  /// "192.0.2.1" or "2001:db8::1", nothing else: no brackets, no zone, no leading zeros in IPv4.
  static std::optional<IpAddress> parse(std::string_view text) noexcept;

  bool is_v4() const noexcept;
  /// As IPv6; an IPv4 address stands in the last four.
  const std::array<std::uint8_t, kSize>& bytes() const noexcept { return bytes_; }
  bool operator==(const IpAddress&) const = default;

 private:
  explicit IpAddress(const std::array<std::uint8_t, kSize>& bytes) noexcept : bytes_{bytes} {}
  std::array<std::uint8_t, kSize> bytes_;
};

/// An address and a port, 0 where none is known: what proxies tell of a client.
struct IpEndpoint {
  IpAddress address;
  std::uint16_t port = 0;

  /// "192.0.2.1:4711", "192.0.2.1", "[2001:db8::1]:4711" or, with or without brackets, "2001:db8::1"; the port is
  /// digits, and not 0.
  static std::optional<IpEndpoint> parse(std::string_view text) noexcept;
  /// The same, IPv6 always in brackets.
  std::string text() const;
  bool operator==(const IpEndpoint&) const = default;
};

}  // namespace indrik
