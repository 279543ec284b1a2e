#pragma once

#include <string>
#include <variant>
#include <vector>

#include "net/openssl.h"
#include "net/tls_options.h"

namespace indrik::net {

/// A server's certificate with its chain and key, understood and found to belong together.
struct TlsCredentials {
  CertificatePtr certificate;
  std::vector<CertificatePtr> chain;  ///< those between it and an authority that clients know
  PrivateKeyPtr key;
  std::vector<std::string> names;  ///< hosts that it is for, in small letters; "*.example.org" among them; sorted
  std::string file;                ///< of the certificate, for messages

  static Result<TlsCredentials, TlsFault> parse(const TlsCertificate& files, bool refuses_expired);
};

/// All certificates of a file; a fault where there is none, or a bad one.
Result<std::vector<CertificatePtr>> parse_certificates(const TlsFile& file);

}  // namespace indrik::net
