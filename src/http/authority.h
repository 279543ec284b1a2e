#pragma once

#include <string_view>

namespace indrik::http {

/// "host", "host:80", "[::1]:80", "" (RFC 9110 7.2, 4.2.3): the value of Host and the authority of an absolute target.
/// The host is a reg-name (an IPv4 address is one), with well-formed escapes, or an IPv6 address in brackets (RFC 3986
/// 3.2.2) without a zone, which means nothing outside of the sender. No userinfo, and no IPvFuture: there is none.
bool is_host_and_port(std::string_view text) noexcept;

/// "host:port", both there (RFC 9112 3.2.3): the target of CONNECT.
bool is_authority_form(std::string_view text) noexcept;

}  // namespace indrik::http
