#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/fuzz_input.h"
#include "net/proxy_header.h"

using indrik::fuzz::demand;
using indrik::net::ProxyHeader;
using State = ProxyHeader::State;

// Input: the first bytes of a connection. However they are cut, the verdict is the same: every part that is too short
// is incomplete, and nothing that comes later changes what was said.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const auto whole = ProxyHeader::parse(bytes);
  if (whole.state == State::complete) {
    demand(whole.size > 0 && whole.size <= size && whole.size <= ProxyHeader::kMaxSizeV2);
    demand(whole.local != whole.source.has_value() && whole.source.has_value() == whole.destination.has_value());
  } else {
    demand(!whole.source && !whole.destination && whole.size == 0);
  }

  State known = State::incomplete;
  for (std::size_t cut = 0; cut <= size; ++cut) {
    const auto part = ProxyHeader::parse(bytes.substr(0, cut));
    demand(known == State::incomplete || part.state == known);
    demand(part.state != State::complete || (part.size == whole.size && part.source == whole.source));
    known = part.state;
  }
  demand(known != State::incomplete || size < ProxyHeader::kMaxSizeV2);

  if (whole.source) demand(indrik::IpEndpoint::parse(whole.source->text()) == whole.source);
  return 0;
}
