#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/uri.h"

// Input: a name, a NUL, a query. What is decoded is never longer, has no NUL where none may be, and what is encoded in
// full decodes to itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto name = text.substr(0, text.find('\0'));
  const auto query = name.size() < text.size() ? text.substr(name.size() + 1) : std::string_view{};

  if (const auto decoded = indrik::http::percent_decode(name)) {
    if (decoded->size() > name.size() || decoded->find('\0') != std::string::npos) std::abort();
  } else if (name.find('%') == std::string_view::npos) {
    std::abort();
  }
  if (const auto value = indrik::http::query_parameter(query, name); value && value->size() > query.size())
    std::abort();

  std::string encoded;
  for (const char c : name) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    encoded.append({'%', kDigits[byte / 16], kDigits[byte % 16]});
  }
  if (indrik::http::percent_decode(encoded) != name) std::abort();
  if (!name.empty() &&
      indrik::http::query_parameter("a=b&" + encoded + "=1&" + encoded + "=2", name) != (name == "a" ? "b" : "1"))
    std::abort();
  return 0;
}
