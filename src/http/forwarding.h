#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "http/forwarded.h"
#include "http/parse_error.h"
#include "http/request.h"

namespace indrik::http {

/// What the fields of one request say of its client. Empty: nothing.
struct Forwarding {
  std::optional<IpEndpoint> client{};
  std::string_view scheme{};    ///< "http" or "https"
  std::string host{};           ///< with its port, unless X-Forwarded-Port told one that is the scheme's own
  std::string prefix{};         ///< "/app": no slash at its end
  bool prefix_in_path = false;  ///< SCRIPT_NAME told it: the path may still begin with it
};

/// Reads the `believed` ones of `fields`, which came from a peer that is trusted.
///
/// The client is looked for from the nearest hop on: as long as the last address found is trusted, the next one is
/// believed (nginx's real_ip_recursive). A hop that hides its name, or is no address, ends this, and the last address
/// found is the client's: what stands further left may be anybody's.
///
/// Scheme, host, port and prefix are those of the hop at which that ended, where every hop told its own, and else the
/// nearest hop's. bad_forwarding: one that cannot be what it says, a Forwarded that breaks its grammar, or Forwarded
/// and X-Forwarded-* that contradict each other.
ParseError read_forwarding(std::span<const Field> fields, ForwardedFields believed,
                           const std::function<bool(const IpAddress&)>& is_trusted, Forwarding& forwarding);

/// A prefix without its trailing slashes, "" for "/". None: it is no absolute path, or has empty or dot segments.
std::optional<std::string_view> checked_prefix(std::string_view text) noexcept;

}  // namespace indrik::http
