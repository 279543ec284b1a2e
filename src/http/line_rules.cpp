#include "http/line_rules.h"

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
  return is_field_value(line.substr(colon + 1)) ? ParseError::none : ParseError::bad_field_value;
}

}  // namespace indrik::http
