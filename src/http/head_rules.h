#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

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
  bool tells_of_client = false;    ///< a ForwardedField is there
  std::size_t content_length = 0;  ///< 0 where none was sent
};

/// Fills path and query from method and target: origin, absolute and asterisk form (RFC 9112 3.2). CONNECT,
/// well-formed, is unknown_method: this is no proxy.
///
/// The authority of the absolute form ("http://a/b") takes the place of every Host value in `fields`, which are the
/// request's: an origin server must ignore what Host says beside it (RFC 9112 3.2.2), and so nobody behind us can be
/// told two names. That Host must have been valid all the same. The form's scheme counts for nothing, since what ends
/// TLS in front of us may send "https" in the clear.
ParseError split_target(Request& request, std::span<Field> fields) noexcept;

/// Applies the rule to the fields of `head`, but for SCRIPT_NAME if `keeps_script_name`. `dropped_at` is where in
/// the head the first name that is left out stands, 0 for none.
ParseError judge_names(std::string_view head, UnderscoreRule rule, bool keeps_script_name, std::vector<Field>& fields,
                       std::uint32_t& dropped_at);

/// Judges a parsed head: Host, Content-Length, Transfer-Encoding, Expect, Connection. Stricter than RFC 9112 6 wherever
/// it leaves a choice between repairing and refusing, since what stands in front of us may repair otherwise.
HeadVerdict judge_head(const Request& request, const Limits& limits) noexcept;

}  // namespace indrik::http
