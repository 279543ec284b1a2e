#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace indrik::net {

class TicketKeys;

/// A file of PEM or DER, read but not understood: whoever reads it (the master, which may) need not be whoever parses
/// it (a worker, which may crash).
struct TlsFile {
  std::string name;                ///< as it was written in the settings
  std::string bytes;               ///< empty: no such file is set
  bool is_open_to_others = false;  ///< users beside its owner and its group may read it, or its group may write it

  /// Reads a regular file of 1 MiB at most, without waiting for anybody.
  static Result<TlsFile> read(const std::filesystem::path& path);
};

/// A certificate, the chain after it, and its private key.
struct TlsCertificate {
  TlsFile chain;  ///< PEM: the server's own first
  TlsFile key;    ///< PEM; without bytes: it stands in `chain`
};

enum class ClientCertificates : std::uint8_t {
  none,      ///< not asked for
  optional,  ///< asked for; one that is sent must be good
  required,
};

enum class TlsVersion : std::uint8_t { v1_2, v1_3 };

/// What a TlsContext is made of.
struct TlsOptions {
  std::vector<TlsCertificate> certificates;  ///< the first is for whoever names no host, or one that none is for
  std::vector<TlsFile> ocsp_responses;       ///< DER; each belongs to the certificate that it speaks of
  TlsFile client_authorities;                ///< PEM: who signs the certificates of clients
  ClientCertificates client_certificates = ClientCertificates::none;
  TlsVersion least_version = TlsVersion::v1_2;
  std::string ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";  ///< of TLS 1.2, see ciphers(1)
  std::string ciphersuites;                             ///< of TLS 1.3; empty: those that OpenSSL takes
  seconds session_timeout{3600};                        ///< how long a session can be resumed; 0: never
  TicketKeys* ticket_keys = nullptr;  ///< shared by all workers; null: sessions are this context's alone
  /// A certificate that has expired is a fault. Not for a worker that takes the place of another one: it has to serve
  /// whatever those beside it serve.
  bool refuses_expired = false;
};

/// Why there is no context.
struct TlsFault {
  /// What of the options is to blame.
  enum class Part : std::uint8_t { certificate, key, client_authorities, ciphers, ciphersuites, ocsp_response, itself };
  Part part = Part::itself;
  std::string text;  ///< with the file's name
};

}  // namespace indrik::net
