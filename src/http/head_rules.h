#pragma once

#include <cstddef>
#include <cstdint>

#include "http/limits.h"
#include "http/parse_error.h"
#include "http/request.h"

namespace indrik::http {

/// What the fields of one request say about its body and its connection.
struct HeadVerdict {
  ParseError error = ParseError::none;
  bool chunked = false;
  bool keep_alive = false;
  bool expects_continue = false;
  std::size_t content_length = 0;  ///< 0 where none was sent
};

/// Fills path and query from method and target: origin, absolute ("http://a/b", whose authority counts for nothing but
/// must be well-formed) and asterisk form (RFC 9112 3.2). CONNECT, well-formed, is unknown_method: this is no proxy.
ParseError split_target(Request& request) noexcept;

/// Judges a parsed head: Host, Content-Length, Transfer-Encoding, Expect, Connection. Stricter than RFC 9112 6 wherever
/// it leaves a choice between repairing and refusing, since what stands in front of us may repair otherwise.
HeadVerdict judge_head(const Request& request, const Limits& limits) noexcept;

}  // namespace indrik::http
