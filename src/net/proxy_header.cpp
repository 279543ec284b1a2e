#include "net/proxy_header.h"

#include <algorithm>

#include "base/strings.h"

namespace indrik::net {
namespace {

using State = ProxyHeader::State;

constexpr std::string_view kBeginV1 = "PROXY ";
constexpr std::string_view kBeginV2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kFixedV2 = 16;  ///< signature, version and command, family and transport, length

/// `bytes` are the beginning of `whole`, or begin with it.
bool may_begin_with(std::string_view bytes, std::string_view whole) noexcept {
  const auto size = std::min(bytes.size(), whole.size());
  return bytes.substr(0, size) == whole.substr(0, size);
}

ProxyHeader malformed() noexcept { return {.state = State::malformed}; }

/// Takes what stands before the next space, which must be there unless it is the last word.
std::string_view take_word(std::string_view& line) noexcept {
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

/// No leading zeros: version 1 allows none.
std::optional<std::uint16_t> port_of(std::string_view word) noexcept {
  if (word.size() > 1 && word.front() == '0') return std::nullopt;
  return parse_number<std::uint16_t>(word);
}

/// "TCP4 192.0.2.1 192.0.2.2 4711 443" without "PROXY " and CR LF.
ProxyHeader parse_addresses(std::string_view line, std::size_t size) noexcept {
  if (std::count(line.begin(), line.end(), ' ') != 4) return malformed();
  const bool v6 = take_word(line) == "TCP6";
  const auto source_host = take_word(line);
  const auto destination_host = take_word(line);
  const auto source_port = port_of(take_word(line));
  const auto destination_port = port_of(line);
  const auto is_of_family = [v6](std::string_view host) { return (host.find(':') != std::string_view::npos) == v6; };
  if (!is_of_family(source_host) || !is_of_family(destination_host)) return malformed();
  const auto source = IpAddress::parse(source_host);
  const auto destination = IpAddress::parse(destination_host);
  if (!source || !destination || !source_port || !destination_port) return malformed();
  return {.state = State::complete,
          .size = size,
          .source = IpEndpoint{.address = *source, .port = *source_port},
          .destination = IpEndpoint{.address = *destination, .port = *destination_port}};
}

ProxyHeader parse_v1(std::string_view bytes) noexcept {
  const auto text = bytes.substr(0, ProxyHeader::kMaxSizeV1);
  const auto end = text.find_first_of("\r\n");
  if (end == std::string_view::npos || end + 1 == text.size()) {
    const bool ends_wrongly = end != std::string_view::npos && text[end] == '\n';
    return text.size() == ProxyHeader::kMaxSizeV1 || ends_wrongly ? malformed() : ProxyHeader{};
  }
  if (text.substr(end, 2) != "\r\n") return malformed();
  const auto line = text.substr(kBeginV1.size(), end - kBeginV1.size());
  const auto family = line.substr(0, line.find(' '));
  if (family == "TCP4" || family == "TCP6") return parse_addresses(line, end + 2);
  // What follows UNKNOWN is to be ignored, whatever it is (section 2.1).
  if (family == "UNKNOWN") return {.state = State::complete, .size = end + 2, .local = true};
  return malformed();
}

/// Of version 2, as they stand on the wire (section 2.2).
constexpr std::uint8_t kLocal = 0x20;
constexpr std::uint8_t kProxy = 0x21;
constexpr std::uint8_t kUnspecified = 0x00;
constexpr std::uint8_t kTcp4 = 0x11;
constexpr std::uint8_t kTcp6 = 0x21;
constexpr std::uint8_t kUnixStream = 0x31;
constexpr std::uint8_t kTypeTls = 0x20;
constexpr std::uint8_t kClientSpokeTls = 0x01;

/// Reads bytes of network order; whoever calls has made sure that they are there.
class Reader {
 public:
  explicit Reader(std::string_view bytes) noexcept : rest_{bytes} {}

  std::size_t left() const noexcept { return rest_.size(); }
  std::uint8_t byte() noexcept {
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint16_t number() noexcept {
    const unsigned high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> array() noexcept {
    std::array<std::uint8_t, N> bytes;
    for (auto& b : bytes) b = byte();
    return bytes;
  }
  Reader part(std::size_t size) noexcept {
    const Reader taken{rest_.substr(0, size)};
    rest_.remove_prefix(size);
    return taken;
  }

 private:
  std::string_view rest_;
};

/// The TLVs after the addresses: each must fit, and only the one about TLS is understood. False: one does not fit.
bool read_extensions(Reader rest, ProxyHeader& header) noexcept {
  constexpr std::size_t kHead = 3;  // type and length
  while (rest.left() > 0) {
    if (rest.left() < kHead) return false;
    const auto type = rest.byte();
    const std::size_t size = rest.number();
    if (rest.left() < size) return false;
    auto value = rest.part(size);
    if (type == kTypeTls && size > 0) header.over_tls = (value.byte() & kClientSpokeTls) != 0;
  }
  return true;
}

template <class Address>
void read_addresses(Reader& rest, Address address, ProxyHeader& header) noexcept {
  const auto source = address();
  const auto destination = address();
  const auto source_port = rest.number();
  header.source = IpEndpoint{.address = source, .port = source_port};
  header.destination = IpEndpoint{.address = destination, .port = rest.number()};
}

/// What follows the length of a PROXY command.
bool read_client(Reader rest, std::uint8_t family, ProxyHeader& header) noexcept {
  constexpr std::size_t kSizeTcp4 = 12;
  constexpr std::size_t kSizeTcp6 = 36;
  constexpr std::size_t kSizeUnix = 216;
  switch (family) {
    case kTcp4:
      if (rest.left() < kSizeTcp4) return false;
      read_addresses(
          rest, [&] { return IpAddress::from_v4(rest.array<4>()); }, header);
      return read_extensions(rest, header);
    case kTcp6:
      if (rest.left() < kSizeTcp6) return false;
      read_addresses(
          rest, [&] { return IpAddress::from_v6(rest.array<IpAddress::kSize>()); }, header);
      return read_extensions(rest, header);
    case kUnixStream:
      if (rest.left() < kSizeUnix) return false;
      rest.part(kSizeUnix);
      header.local = true;
      return read_extensions(rest, header);
    case kUnspecified:  // what follows is of no known form
      header.local = true;
      return true;
    default:  // datagrams, and families that no sender may use
      return false;
  }
}

ProxyHeader parse_v2(std::string_view bytes) noexcept {
  // The first four bits are the version, and there is no other: known before the rest has come.
  const auto command = bytes.size() > kBeginV2.size() ? static_cast<std::uint8_t>(bytes[kBeginV2.size()]) : kLocal;
  if (command != kLocal && command != kProxy) return malformed();
  if (bytes.size() < kFixedV2) return {};
  Reader fixed{bytes.substr(kBeginV2.size() + 1, kFixedV2 - kBeginV2.size() - 1)};
  const auto family = fixed.byte();
  const std::size_t size = kFixedV2 + fixed.number();
  if (size > ProxyHeader::kMaxSizeV2) return malformed();
  if (bytes.size() < size) return {};
  ProxyHeader header{.state = State::complete, .size = size, .local = command == kLocal};
  // Of LOCAL nothing counts but the length (section 2.2).
  if (!header.local && !read_client(Reader{bytes.substr(kFixedV2, size - kFixedV2)}, family, header))
    return malformed();
  return header;
}

}  // namespace

ProxyHeader ProxyHeader::parse(std::string_view bytes) noexcept {
  if (may_begin_with(bytes, kBeginV1)) return bytes.size() < kBeginV1.size() ? ProxyHeader{} : parse_v1(bytes);
  if (may_begin_with(bytes, kBeginV2)) return bytes.size() < kBeginV2.size() ? ProxyHeader{} : parse_v2(bytes);
  return {.state = State::absent};
}

}  // namespace indrik::net
