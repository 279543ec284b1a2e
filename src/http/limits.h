#pragma once

#include <cstddef>
#include <cstdint>

namespace indrik::http {

/// What becomes of a field whose name has an underscore. Behind CGI, WSGI and their like X_Forwarded_For and
/// X-Forwarded-For are one name, so that the one gets past whoever guards the other.
enum class UnderscoreRule : std::uint8_t {
  drop,    ///< as if it had not been sent
  refuse,  ///< 400
  keep,
};

/// What a request may weigh. All in bytes but max_fields. A limit that is exceeded is answered, not dropped.
struct Limits {
  std::size_t max_request_line = 4094;         ///< without CRLF; beyond: 414 (the target's share) or 400
  std::size_t max_fields = 100;                ///< field lines; beyond: 431
  std::size_t max_field_size = 8190;           ///< one field line without CRLF; beyond: 431
  std::size_t max_head_size = 65536;           ///< request line and all field lines with their CRLFs; beyond: 431
  std::size_t max_body_size = 1024 * 1024;     ///< after removing chunk framing; beyond: 413
  std::size_t max_buffered_body = 128 * 1024;  ///< of a body, kept in memory; beyond: ServerSession::Step::overflow
  UnderscoreRule underscores = UnderscoreRule::drop;
};

}  // namespace indrik::http
