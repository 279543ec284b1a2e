#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace indrik::http {

/// Appends `text` with every %XX replaced by its byte (RFC 3986 2.1). False, and `out` as it was, where an escape is
/// malformed or means NUL, which no name may hold: it would cut the name short in every C interface behind us.
bool percent_decode(std::string_view text, std::string& out);
/// The same as a new string.
std::optional<std::string> percent_decode(std::string_view text);

/// Appends a name or a value of a query: %XX and '+', which is a space there. Malformed escapes stay as they stand, as
/// browsers have it (WHATWG URL, application/x-www-form-urlencoded parsing).
void decode_query_part(std::string_view text, std::string& out);

/// The value of the first parameter of that (decoded) name in "a=1&b=2", decoded; "" for a name without '='.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

}  // namespace indrik::http
