#include "http/line_rules.h"

#include <cstdint>

#include "base/strings.h"
#include "http/characters.h"

namespace indrik::http {

namespace {

ParseError judge_version(std::string_view version) noexcept {
  const bool well_formed = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                           version[6] == '.' && is_digit(version[7]);
  if (!well_formed) return ParseError::bad_version;
  const bool spoken = version[5] == '1' && (version[7] == '0' || version[7] == '1');
  return spoken ? ParseError::none : ParseError::unsupported_version;
}

/// "" (none), ":" and ":80": RFC 3986 allows no digits after the colon.
bool is_port(std::string_view text) noexcept {
  if (text.size() <= 1) return text.empty() || text == ":";
  return text.front() == ':' && parse_number<std::uint16_t>(text.substr(1)).has_value();
}

}  // namespace

ParseError judge_request_line(std::string_view line) noexcept {
  const auto method = line.substr(0, line.find(' '));
  if (!is_token(method)) return ParseError::bad_method;
  const auto last_space = line.rfind(' ');
  if (method.size() == line.size() || last_space == method.size()) return ParseError::bad_request_line;
  if (const auto error = judge_version(line.substr(last_space + 1)); error != ParseError::none) return error;
  const auto target = line.substr(method.size() + 1, last_space - method.size() - 1);
  return !target.empty() && kTargetCharacters.contains_all(target) ? ParseError::none : ParseError::bad_target;
}

ParseError judge_field_line(std::string_view line) noexcept {
  if (line.front() == ' ' || line.front() == '\t') return ParseError::obsolete_folding;
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return ParseError::bad_field_name;
  return kFieldValueCharacters.contains_all(line.substr(colon + 1)) ? ParseError::none : ParseError::bad_field_value;
}

bool is_host_and_port(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;  // "::" is the shortest address
    const auto address = text.substr(1, end - 1);
    return address.find(':') != std::string_view::npos && kAddressCharacters.contains_all(address) &&
           is_port(text.substr(end + 1));
  }
  const auto host = text.substr(0, text.find(':'));
  if (host.empty()) return text.empty();
  return kHostCharacters.contains_all(host) && is_port(text.substr(host.size()));
}

}  // namespace indrik::http
