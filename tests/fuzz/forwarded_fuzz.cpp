#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "fuzz/fuzz_input.h"
#include "http/authority.h"
#include "http/characters.h"
#include "http/forwarding.h"

using namespace indrik;
using namespace indrik::http;
using indrik::fuzz::demand;

namespace {

std::string quoted(std::string_view text) {
  std::string out{'"'};
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

/// What was read, written in full, reads the same.
void read_again(std::string_view value) {
  std::vector<ForwardedElement> elements;
  if (!parse_forwarded(value, elements)) return;
  std::string written;
  for (const auto& element : elements)
    written +=
        "for=" + quoted(element.node) + ";proto=" + quoted(element.proto) + ";host=" + quoted(element.host) + ",";
  std::vector<ForwardedElement> again;
  demand(parse_forwarded(written, again) && again.size() == elements.size());
  for (std::size_t at = 0; at < again.size(); ++at)
    demand(again[at].node == elements[at].node && again[at].proto == elements[at].proto &&
           again[at].host == elements[at].host);
}

void check(const Forwarding& told) {
  demand(told.scheme.empty() || told.scheme == "http" || told.scheme == "https");
  demand(is_host_and_port(told.host));
  const std::string_view prefix = told.prefix;
  demand(prefix.empty() || (prefix.starts_with('/') && !prefix.starts_with("//") && !prefix.ends_with('/')));
  if (told.client) demand(IpEndpoint::parse(told.client->text()) == told.client);
}

}  // namespace

// Input: lines, each a field whose name the first byte chooses, and its value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr auto kNames =
      std::to_array<std::string_view>({"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
                                       "X-Forwarded-Port", "X-Forwarded-Prefix", "SCRIPT_NAME", "Host"});
  ForwardedFields all;
  for (std::size_t field = 0; field + 1 < kNames.size(); ++field) all.add(static_cast<ForwardedField>(field));
  std::vector<Field> fields;
  for (const auto line : split({reinterpret_cast<const char*>(data), size}, '\n')) {
    if (line.empty()) continue;
    const auto name = kNames[static_cast<unsigned char>(line.front()) % kNames.size()];
    const auto value = trim(line.substr(1));
    if (!kFieldValueCharacters.contains_all(value)) continue;  // the scanner lets none of these pass
    if (name == "Host" && !is_host_and_port(value)) continue;  // nor this
    fields.push_back({name, value});
    read_again(value);
  }
  // Half of all addresses are proxies.
  Forwarding told;
  const auto is_proxy = [](const IpAddress& address) { return address.bytes().back() % 2 == 0; };
  if (read_forwarding(fields, all, is_proxy, told) == ParseError::none) check(told);
  return 0;
}
