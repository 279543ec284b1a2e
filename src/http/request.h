#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/strings.h"

namespace indrik::http {

/// One field line of a request, name as sent, value without the white space around it (RFC 9110 5.5).
struct Field {
  std::string_view name;
  std::string_view value;
};

/// One `{name}` of a route's pattern and what the path has there, percent-decoded.
struct PathParameter {
  std::string_view name;
  std::string_view value;
};

/// A whole request. Everything is a view into the session that read it (params: into the exchange) and is valid
/// until the answer has been completed. Read-only for handlers; safe to read from the one thread that runs the handler.
struct Request {
  std::string_view method;  ///< as sent: "GET"
  std::string_view target;  ///< as sent: "/users/7?full=1", "http://a/b", "*"
  std::string_view path;    ///< of the target, still percent-encoded, "/" at least ("*" for OPTIONS *)
  std::string_view query;   ///< of the target, without '?', still percent-encoded
  int minor_version = 1;    ///< HTTP/1.x
  std::span<const Field> fields;
  std::string_view body;                  ///< complete, chunks joined
  std::span<const Field> trailers;        ///< what may stand behind a chunked body (Trailers), never merged into fields
  std::span<const PathParameter> params;  ///< set by whoever routed it
  /// The client, "192.0.2.1:4711", as far as trusted proxies tell of it: without a port where they tell none. Else the
  /// same as `remote`.
  std::string_view peer;
  std::string_view remote;           ///< whoever made the connection, "192.0.2.1:4711"; empty on a unix socket
  std::string_view scheme = "http";  ///< "http" or "https", as the client has it
  std::string_view forwarded_host;   ///< what the client asked for, where a trusted proxy tells; see host()
  std::string_view prefix;           ///< "/app": what the client's path begins with and ours does not; mostly empty

  /// "example.org:8443": forwarded_host, or else the Host field; empty where there is neither.
  std::string_view host() const noexcept {
    return forwarded_host.empty() ? field("Host").value_or(std::string_view{}) : forwarded_host;
  }

  /// The first field of that name, compared without case.
  std::optional<std::string_view> field(std::string_view name) const noexcept {
    for (const auto& f : fields)
      if (equals_ignoring_case(f.name, name)) return f.value;
    return std::nullopt;
  }
  std::optional<std::string_view> param(std::string_view name) const noexcept {
    for (const auto& p : params)
      if (p.name == name) return p.value;
    return std::nullopt;
  }
};

}  // namespace indrik::http
