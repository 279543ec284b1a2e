#pragma once

#include <string_view>

#include "http/parse_error.h"

namespace indrik::http {

/// One line each, without its CR LF. They are stricter than the parser, whose leniencies differ from version to
/// version; tests/data/http has a case for each.

/// "GET /a HTTP/1.1": a token, one space, a target of visible characters, one space, an HTTP-version we speak
/// (RFC 9112 3). Whether the target suits the method is judged later.
ParseError judge_request_line(std::string_view line) noexcept;

/// "Name: value", in a head or in a trailer: a token, directly followed by the colon, then no controls but HTAB; not
/// folded (RFC 9112 5, 5.1, 5.2).
ParseError judge_field_line(std::string_view line) noexcept;

}  // namespace indrik::http
