#pragma once

#include <string_view>

namespace indrik::http {

/// The certificate that a client showed; see net::TlsClientCertificate.
struct TlsClient {
  bool is_present = false;
  bool is_verified = false;
  std::string_view subject, issuer;
  std::string_view serial;
  std::string_view fingerprint_sha256;
  std::string_view pem;
};

/// How a request's connection is secured, as views that live as long as the request.
struct Tls {
  std::string_view version, cipher;
  std::string_view server_name;  ///< SNI; empty: none
  std::string_view protocol;     ///< ALPN; empty: none
  bool is_resumed = false;
  TlsClient client;
};

}  // namespace indrik::http
