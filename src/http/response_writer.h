#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/response.h"
#include "http/server_session.h"

namespace indrik::http {

/// Appends `response` as bytes: status line, Date, Server, Content-Type, the handler's fields, Content-Length,
/// Connection, body. `to_head`: the request was HEAD, so the body is announced but not sent (RFC 9110 9.3.2).
/// A body gets "text/plain; charset=utf-8" where the handler named no type; 204, 205 and 304 have none (15.3.5, 15.3.6,
/// 15.4.5). The response's parts are announced with the rest; whoever owns the socket sends them, where sends_body().
/// Allocates only if `out` must grow.
void write_response(const Response& response, const Framing& framing, ConnectionOption connection, bool to_head,
                    std::string& out);

/// Appends the head of an answer whose body follows in pieces, framed as `kind` says. HEAD is told the length that GET
/// would be, as far as it is known.
void write_head(const Response& response, const Framing& framing, ConnectionOption connection, AnswerBody::Kind kind,
                std::optional<std::uint64_t> length, std::string& out);

/// Appends an interim answer (RFC 9110 15.2).
void write_interim(int status, std::string_view field_lines, std::string& out);

/// 204, 205 and 304 have no body (RFC 9110 15.3.5, 15.3.6, 15.4.5).
bool is_bodiless(int status) noexcept;
/// The answer's body, if it has any, is sent and not only announced.
bool sends_body(const Request& request, const Response& response) noexcept;

/// Appends the answer to a request that was not understood: its status, its sentence as text, Connection: close.
void write_refusal(ParseError error, const Framing& framing, bool to_head, std::string& out);

}  // namespace indrik::http
