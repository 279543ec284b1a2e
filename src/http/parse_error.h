#pragma once

#include <cstdint>
#include <string_view>

namespace indrik::http {

/// What a client did wrong. Each has one status and one sentence, in one table (parse_error.cpp).
/// After any of these the connection is not used again: its framing is in doubt.
enum class ParseError : std::uint8_t {
  none,
  bad_request_line,         // 400
  bad_method,               // 400: no token
  bad_target,               // 400
  bad_version,              // 400: no HTTP-version at all
  unknown_method,           // 501: a token, but no method of ours; CONNECT
  unsupported_version,      // 505: HTTP/2.0, HTTP/1.2, HTTP/0.9 …
  bad_line_ending,          // 400: bare CR or LF
  bad_field_name,           // 400: empty, no token, white space before the colon
  bad_field_value,          // 400: control characters
  obsolete_folding,         // 400: RFC 9112 5.2
  missing_host,             // 400: RFC 9112 3.2
  repeated_host,            // 400
  bad_host,                 // 400
  bad_content_length,       // 400: not 1*DIGIT, a list, repeated, overflow
  ambiguous_body_length,    // 400: Content-Length with Transfer-Encoding, RFC 9112 6.3
  bad_transfer_encoding,    // 400: chunked not last, repeated, on HTTP/1.0
  unknown_transfer_coding,  // 501
  bad_chunk,                // 400
  bad_trailer,              // 400
  unsupported_expectation,  // 417
  request_line_too_long,    // 414
  too_many_fields,          // 431
  field_too_large,          // 431
  head_too_large,           // 431
  body_too_large,           // 413
  head_timed_out,           // 408: said by the engine, answered like the others
  body_timed_out,           // 408
  underscored_field_name,   // 400: refused by header_map
  bad_forwarding,           // 400: what a trusted proxy says of its client is malformed or contradicts itself
  plain_http,               // 400: said by the engine, where the client should have begun with TLS
  truncated,                // 400: the client closed its side inside a request
};

int status_of(ParseError error) noexcept;
/// "Content-Length and Transfer-Encoding in one request": for the log and the answer's body.
std::string_view sentence_of(ParseError error) noexcept;

}  // namespace indrik::http
