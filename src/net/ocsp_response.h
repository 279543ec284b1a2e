#pragma once

#include <ctime>
#include <string>

#include "base/result.h"
#include "net/openssl.h"
#include "net/tls_options.h"

namespace indrik::net {

/// What an authority says of a certificate, to be sent along with it (stapled, RFC 6066 8): the file's bytes, and until
/// when they hold.
class OcspResponse {
 public:
  static Result<OcspResponse> parse(const TlsFile& file);

  /// It speaks of this certificate.
  bool is_about(X509* certificate) const;
  /// An old one is worse than none: clients take it for a mistake. A file is looked at when it is loaded, its age at
  /// each handshake.
  bool holds_at(std::time_t now) const noexcept { return until_ == 0 || now < until_; }
  const std::string& bytes() const noexcept { return bytes_; }
  const std::string& file() const noexcept { return file_; }

 private:
  std::string file_;
  std::string bytes_;
  OcspBasicPtr parsed_;
  std::time_t until_ = 0;  ///< 0: it does not say
};

}  // namespace indrik::net
