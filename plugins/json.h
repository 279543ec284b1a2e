#pragma once

#include <string>
#include <string_view>

/// The text, taken for UTF-8, as a string of JSON (RFC 8259 7).
inline std::string quoted(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out.append({'\\', c});
    else if (byte < 0x20)
      out.append("\\u00").append({kDigits[byte >> 4], kDigits[byte & 15]});
    else
      out += c;
  }
  return out += '"';
}
