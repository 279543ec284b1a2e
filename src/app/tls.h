#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/configuration.h"
#include "net/listener.h"
#include "net/tls_context.h"

// TLS between the settings and the layer that speaks it.
namespace indrik::app {

/// Splits an address of `bind` from "https://" before it, which is taken away; true: it was there.
bool take_https(std::string& address) noexcept;

/// Reads the files that the settings of TLS name, and understands none of them: the master does this. Where nothing is
/// said of TLS, nothing. What stands in the way is added to `mistakes`, a sentence each.
std::optional<net::TlsOptions> read_tls(const config::Loaded& loaded, bool has_https,
                                        std::vector<std::string>& mistakes);

/// What the files say, understood: in a child of the master only. None where TLS is off. Throws BootError. `is_proof`:
/// what has expired is refused.
std::optional<net::TlsContext> make_tls(const Configuration& configuration, net::TicketKeys* keys, bool is_proof);

/// It stands at one of the https:// addresses.
bool speaks_tls(const Configuration& configuration, const net::Listener& listener);

/// Private keys that more people may read than should, a sentence each.
std::vector<std::string> exposed_keys(const Configuration& configuration);

}  // namespace indrik::app
