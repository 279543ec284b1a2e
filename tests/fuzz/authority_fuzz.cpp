#include "http/authority.h"

#include <arpa/inet.h>

#include <string>
#include <string_view>

#include "fuzz/fuzz_input.h"

// Input: the value of a Host field. What stands between brackets is an address exactly where the C library says so; and
// whatever is accepted cannot be read as anything but a host and a port.

namespace {

using indrik::fuzz::demand;
using indrik::http::is_authority_form;
using indrik::http::is_host_and_port;

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return text.find('\0') == std::string_view::npos && ::inet_pton(AF_INET6, std::string{text}.c_str(), &address) == 1;
}

void must_be_plain(std::string_view text) {
  demand(text.find_first_of("/?#@\\ ,\t\r\n\"<>") == std::string_view::npos);
  const bool is_address = text.starts_with('[');
  const auto end = is_address ? text.find(']') : std::string_view::npos;
  demand(!is_address || end != std::string_view::npos);
  const auto port = text.substr(is_address ? end + 1 : std::min(text.find(':'), text.size()));
  demand(port.empty() || port[0] == ':');
  demand(port.size() <= 1 || port.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  demand(is_host_and_port("[" + std::string{text} + "]") == is_ipv6(text));
  demand(is_host_and_port("[" + std::string{text} + "]:80") == is_ipv6(text));
  if (is_host_and_port(text)) must_be_plain(text);
  if (is_authority_form(text)) demand(is_host_and_port(text));
  if (!text.empty() && is_host_and_port(text) && text.find(':') == std::string_view::npos)
    demand(is_authority_form(std::string{text} + ":1") && is_host_and_port(std::string{text} + ":65535") &&
           !is_host_and_port(std::string{text} + ":65536"));
  return 0;
}
