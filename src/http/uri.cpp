#include "http/uri.h"

#include "http/characters.h"

namespace indrik::http {

namespace {

/// The byte that "%XX" at the start of `text` means, -1 where there is none.
int escaped_byte(std::string_view text) noexcept {
  if (text.size() < 3) return -1;
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool is_escaped(std::string_view text) noexcept { return text.find_first_of("%+") != std::string_view::npos; }

}  // namespace

bool percent_decode(std::string_view text, std::string& out) {
  const auto before = out.size();
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    const int byte = escaped_byte(text.substr(at));
    if (byte <= 0) {
      out.resize(before);
      return false;
    }
    out += static_cast<char>(byte);
    at += 2;
  }
  return true;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  if (!percent_decode(text, decoded)) return std::nullopt;
  return decoded;
}

void decode_query_part(std::string_view text, std::string& out) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int byte = text[at] == '%' ? escaped_byte(text.substr(at)) : -1;
    if (byte >= 0) {
      out += static_cast<char>(byte);
      at += 2;
    } else {
      out += text[at] == '+' ? ' ' : text[at];
    }
  }
}

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
  std::string decoded;
  while (!query.empty()) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const auto key = part.substr(0, part.find('='));
    decoded.clear();
    if (is_escaped(key)) decode_query_part(key, decoded);
    if ((decoded.empty() ? key : std::string_view{decoded}) != name || part.empty()) continue;
    decoded.clear();
    decode_query_part(part.substr(std::min(part.size(), key.size() + 1)), decoded);
    return decoded;
  }
  return std::nullopt;
}

}  // namespace indrik::http
