#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace indrik::net {

/// What a client showed of itself in a handshake.
struct TlsClientCertificate {
  bool is_verified = false;
  std::string subject, issuer;     ///< RFC 4514: "CN=alice,O=Example"
  std::string serial;              ///< hexadecimal, capitals
  std::string fingerprint_sha256;  ///< hexadecimal, small letters: 64 of them
  std::string pem;
};

/// What a handshake came to. Taken down when it ends, so that it can be read on any thread and when the connection has
/// gone.
struct TlsFacts {
  std::string_view version;   ///< "TLSv1.3"
  std::string_view cipher;    ///< "TLS_AES_256_GCM_SHA384"
  std::string_view protocol;  ///< chosen by ALPN: "http/1.1"; empty: the client named none
  std::string server_name;    ///< SNI: the host that the client asked for; empty: none
  bool is_resumed = false;
  std::optional<TlsClientCertificate> client;
};

}  // namespace indrik::net
