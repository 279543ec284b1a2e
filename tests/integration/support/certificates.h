#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <vector>

namespace indrik::test {

/// What a test wants of a certificate.
struct CertificateRequest {
  std::string name = "localhost";               ///< common name
  std::vector<std::string> hosts{"localhost"};  ///< alternative names
  bool is_authority = false;
  bool has_rsa_key = false;  ///< else an elliptic curve's
  long valid_from = -3600;   ///< seconds from now
  long valid_until = 86400;
};

/// A certificate with its key, made by the test itself.
class MadeCertificate {
 public:
  /// Signed by `issuer`; null: by itself. Throws where OpenSSL fails.
  explicit MadeCertificate(const CertificateRequest& request = {}, const MadeCertificate* issuer = nullptr);
  ~MadeCertificate();
  MadeCertificate(const MadeCertificate&) = delete;
  MadeCertificate& operator=(const MadeCertificate&) = delete;

  std::string pem() const;
  std::string key_pem() const;
  /// SHA-256 in small hexadecimal letters.
  std::string fingerprint() const;
  X509* raw() const noexcept { return certificate_; }
  EVP_PKEY* key() const noexcept { return key_; }

  /// What `issuer` says of it in an OCSP response, valid for so many seconds from now, in DER.
  std::string ocsp_response(const MadeCertificate& issuer, long valid_until = 3600) const;

 private:
  X509* certificate_ = nullptr;
  EVP_PKEY* key_ = nullptr;
};

}  // namespace indrik::test
