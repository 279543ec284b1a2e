#include "http/authority.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/strings.h"
#include "http/characters.h"

namespace indrik::http {

namespace {

/// "" (none), ":" and ":80": RFC 3986 allows no digits after the colon.
bool is_port(std::string_view text) noexcept {
  if (text.size() <= 1) return text.empty() || text == ":";
  return text.front() == ':' && parse_number<std::uint16_t>(text.substr(1)).has_value();
}

bool is_registered_name(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (kHostCharacters.contains(text[at])) continue;
    const bool is_escape = text[at] == '%' && text.size() - at > 2;
    if (!is_escape || hex_value(text[at + 1]) < 0 || hex_value(text[at + 2]) < 0) return false;
    at += 2;
  }
  return true;
}

/// Four dec-octets: no leading zeros, which some take for octal.
bool is_ipv4(std::string_view text) noexcept {
  for (int octet = 0; octet < 4; ++octet) {
    const auto digits = text.substr(0, text.find('.'));
    if (!parse_number<std::uint8_t>(digits) || (digits.size() > 1 && digits.front() == '0')) return false;
    text.remove_prefix(digits.size());
    if (octet < 3 && !text.starts_with('.')) return false;
    text.remove_prefix(octet < 3 ? 1 : 0);
  }
  return text.empty();
}

bool is_group(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 4 &&
         std::all_of(text.begin(), text.end(), [](char c) { return hex_value(c) >= 0; });
}

/// IPv6address of RFC 3986: eight groups, or fewer and one "::"; the last two may be an IPv4 address.
bool is_ipv6(std::string_view text) noexcept {
  int groups = 0;
  bool has_gap = text.starts_with("::");
  if (has_gap) text.remove_prefix(2);
  while (!text.empty()) {
    const auto group = text.substr(0, text.find(':'));
    const bool is_last = group.size() == text.size();
    const bool ends_in_ipv4 = is_last && is_ipv4(group);
    if (!ends_in_ipv4 && !is_group(group)) return false;
    groups += ends_in_ipv4 ? 2 : 1;
    if (is_last) break;
    text.remove_prefix(group.size() + 1);
    if (text.empty()) return false;  // it ended in one colon
    if (text.front() != ':') continue;
    if (has_gap) return false;
    has_gap = true;
    text.remove_prefix(1);
  }
  return has_gap ? groups < 8 : groups == 8;
}

}  // namespace

bool is_host_and_port(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    return end != std::string_view::npos && is_ipv6(text.substr(1, end - 1)) && is_port(text.substr(end + 1));
  }
  const auto host = text.substr(0, text.find(':'));
  if (host.empty()) return text.empty();
  return is_registered_name(host) && is_port(text.substr(host.size()));
}

bool is_authority_form(std::string_view text) noexcept {
  const auto colon = text.find_last_not_of("0123456789");
  return is_host_and_port(text) && colon != std::string_view::npos && text[colon] == ':' && colon + 1 < text.size();
}

}  // namespace indrik::http
