#include "base/ip_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace indrik {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

IpAddress IpAddress::from_v4(const std::array<std::uint8_t, 4>& bytes) noexcept {
  std::array<std::uint8_t, kSize> whole{};
  std::copy(kMapped.begin(), kMapped.end(), whole.begin());
  std::copy(bytes.begin(), bytes.end(), whole.begin() + kMapped.size());
  return IpAddress{whole};
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  char terminated[INET6_ADDRSTRLEN];
  // A NUL would end the text early for inet_pton(3), and what follows it would be ignored.
  if (text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return std::nullopt;
  *std::copy(text.begin(), text.end(), terminated) = '\0';
  if (text.find(':') == std::string_view::npos) {
    std::array<std::uint8_t, 4> bytes{};
    if (::inet_pton(AF_INET, terminated, bytes.data()) != 1) return std::nullopt;
    return from_v4(bytes);
  }
  std::array<std::uint8_t, kSize> bytes{};
  if (::inet_pton(AF_INET6, terminated, bytes.data()) != 1) return std::nullopt;
  return from_v6(bytes);
}

bool IpAddress::is_v4() const noexcept { return std::equal(kMapped.begin(), kMapped.end(), bytes_.begin()); }

std::optional<IpEndpoint> IpEndpoint::parse(std::string_view text) noexcept {
  if (const auto alone = IpAddress::parse(text)) return IpEndpoint{.address = *alone};
  auto host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (host.find(':') == std::string_view::npos) return std::nullopt;  // brackets are for IPv6
  } else {
    host = text.substr(0, text.find(':'));
    port = text.substr(host.size());
  }
  const auto address = IpAddress::parse(host);
  if (!address) return std::nullopt;
  if (port.empty()) return IpEndpoint{.address = *address};
  const auto number = parse_number<std::uint16_t>(port.substr(1));
  if (port.front() != ':' || !number || *number == 0) return std::nullopt;
  return IpEndpoint{.address = *address, .port = *number};
}

std::string IpEndpoint::text() const {
  char host[INET6_ADDRSTRLEN] = "";
  const bool v4 = address.is_v4();
  const auto* const bytes = address.bytes().data() + (v4 ? kMapped.size() : 0);
  ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes, host, sizeof host);
  auto text = v4 ? std::string{host} : fmt::format("[{}]", static_cast<const char*>(host));
  if (port != 0) text += fmt::format(":{}", port);
  return text;
}

}  // namespace indrik
