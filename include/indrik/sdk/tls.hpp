#pragma once

#include <optional>
#include <string_view>

#include <indrik/sdk/api.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

/// Whose certificate a client has shown, and proved to have the key of.
struct ClientCertificate {
  bool is_verified = false;      ///< an authority of the server's ca_certs vouches for it
  std::string_view subject;      ///< "CN=alice,O=Example"
  std::string_view issuer;       ///< the same
  std::string_view serial;       ///< hexadecimal, capitals
  std::string_view fingerprint;  ///< SHA-256, hexadecimal, small letters
  std::string_view pem;
};

/// How a request's connection is secured; see Request::tls(). The views are valid until the handler ends.
struct Tls {
  std::string_view version;      ///< "TLSv1.3"
  std::string_view cipher;       ///< "TLS_AES_256_GCM_SHA384"
  std::string_view server_name;  ///< the host that the client asked for; empty: none
  std::string_view protocol;     ///< agreed on by ALPN; empty: none
  bool is_resumed = false;       ///< the client took up a session of before
  std::optional<ClientCertificate> client;
};

namespace sdk {

inline std::optional<Tls> read_tls(const Context& context) noexcept {
  const auto* const api = context.api->tls;
  indrik_tls_connection raw{};
  raw.struct_size = sizeof raw;
  if (api == nullptr || api->read(context.exchange, &raw) != INDRIK_OK) return std::nullopt;
  Tls tls{from_abi(raw.version),  from_abi(raw.cipher), from_abi(raw.server_name),
          from_abi(raw.protocol), raw.resumed != 0,     std::nullopt};
  if (raw.has_certificate != 0)
    tls.client = ClientCertificate{raw.is_verified != 0, from_abi(raw.subject),     from_abi(raw.issuer),
                                   from_abi(raw.serial), from_abi(raw.fingerprint), from_abi(raw.pem)};
  return tls;
}

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
