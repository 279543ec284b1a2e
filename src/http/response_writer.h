#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/response.h"
#include "http/server_session.h"

namespace indrik::http {

/// What the Connection field of an answer says.
enum class ConnectionOption : std::uint8_t { none, close, keep_alive };

/// Appends `response` as bytes: status line, Date, Server, Content-Type, the handler's fields, Content-Length,
/// Connection, body. `to_head`: the request was HEAD, so the body is announced but not sent (RFC 9110 9.3.2).
/// A body gets "text/plain; charset=utf-8" where the handler named no type; 204, 205 and 304 have none (15.3.5, 15.3.6,
/// 15.4.5). Allocates only if `out` must grow.
void write_response(const Response& response, const Framing& framing, ConnectionOption connection, bool to_head,
                    std::string& out);

/// Appends the answer to a request that was not understood: its status, its sentence as text, Connection: close.
void write_refusal(ParseError error, const Framing& framing, bool to_head, std::string& out);

}  // namespace indrik::http
