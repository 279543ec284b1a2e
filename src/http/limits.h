#pragma once

#include <cstddef>

namespace indrik::http {

/// What a request may weigh. All in bytes but max_fields. A limit that is exceeded is answered, not dropped.
struct Limits {
  std::size_t max_request_line = 4094;         ///< without CRLF; beyond: 414 (the target's share) or 400
  std::size_t max_fields = 100;                ///< field lines; beyond: 431
  std::size_t max_field_size = 8190;           ///< one field line without CRLF; beyond: 431
  std::size_t max_head_size = 65536;           ///< request line and all field lines with their CRLFs; beyond: 431
  std::size_t max_body_size = 1024 * 1024;     ///< after removing chunk framing; beyond: 413
  std::size_t max_buffered_body = 128 * 1024;  ///< of a body, kept in memory; beyond: ServerSession::Step::overflow
};

}  // namespace indrik::http
