#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace indrik::log {

/// What a piece of the access log's format stands for; Gunicorn's letters.
enum class Atom : std::uint8_t {
  literal,         ///< the piece's own text
  peer,            // h
  ident,           // l
  user,            // u
  time,            // t
  request_line,    // r
  method,          // m
  path,            // U
  query,           // q
  protocol,        // H
  status,          // s
  bytes,           // B
  bytes_or_dash,   // b
  referer,         // f
  user_agent,      // a
  seconds,         // T
  milliseconds,    // M
  microseconds,    // D
  exact_seconds,   // L
  pid,             // p
  request_field,   // {name}i
  response_field,  // {name}o
};

struct Piece {
  Atom atom = Atom::literal;
  std::string text;  ///< a literal's text, a field's name
};

/// Cuts a format such as `%(h)s "%(r)s"` into its pieces; "%%" is a percent sign. The error names what is unknown and
/// the known atoms.
Result<std::vector<Piece>> compile_access_format(std::string_view format);

}  // namespace indrik::log
