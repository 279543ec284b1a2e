#include <algorithm>
#include <cstddef>
#include <cstring>

#include "plugin/abi_text.h"
#include "plugin/interfaces.h"

namespace indrik::plugin {
namespace {

/// How much of indrik_tls_connection the first revision had; a plugin's may be greater, never smaller.
constexpr std::uint32_t kFirstSize = offsetof(indrik_tls_connection, pem) + sizeof(indrik_text);

std::int32_t read(const indrik_exchange* exchange, indrik_tls_connection* out) noexcept {
  if (out == nullptr || out->struct_size < kFirstSize) return INDRIK_E_INVALID;
  const auto tls = exchange_of(exchange).tls();
  if (!tls) return INDRIK_E_NOT_FOUND;
  const auto& client = tls->client;
  const indrik_tls_connection whole{.struct_size = out->struct_size,
                                    .resumed = tls->is_resumed ? 1 : 0,
                                    .version = text_of(tls->version),
                                    .cipher = text_of(tls->cipher),
                                    .server_name = text_of(tls->server_name),
                                    .protocol = text_of(tls->protocol),
                                    .has_certificate = client.is_present ? 1 : 0,
                                    .is_verified = client.is_verified ? 1 : 0,
                                    .subject = text_of(client.subject),
                                    .issuer = text_of(client.issuer),
                                    .serial = text_of(client.serial),
                                    .fingerprint = text_of(client.fingerprint_sha256),
                                    .pem = text_of(client.pem)};
  std::memcpy(out, &whole, std::min<std::size_t>(out->struct_size, sizeof whole));
  return INDRIK_OK;
}

}  // namespace

constinit const indrik_tls kTls{.struct_size = sizeof(indrik_tls), .read = read};

}  // namespace indrik::plugin
