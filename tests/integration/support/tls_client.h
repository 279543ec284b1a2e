#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "integration/support/certificates.h"
#include "integration/support/response_reader.h"

namespace indrik::test {

/// How a TlsClient speaks.
struct TlsClientOptions {
  std::string host = "localhost";        ///< named to the server; empty: none
  std::vector<std::string> protocols{};  ///< offered by ALPN
  const MadeCertificate* certificate = nullptr;
  SSL_SESSION* session = nullptr;  ///< to be resumed
  int version = 0;                 ///< TLS1_2_VERSION, TLS1_3_VERSION; 0: any
  bool asks_for_status = false;    ///< OCSP
  std::string ciphers{};           ///< of TLS 1.2; empty: any
};

/// One connection of a client over TLS, whose every step a test can take by itself. Blocking, but for kPatience at
/// most; what does not come by then, or breaks, throws std::runtime_error. Certificates are looked at, not judged.
class TlsClient {
 public:
  /// Connects to "127.0.0.1:443" or "https://127.0.0.1:443"; with `shakes_hands` the handshake is done, too.
  explicit TlsClient(std::string_view address, const TlsClientOptions& options = {}, bool shakes_hands = true);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  void shake_hands();
  HttpResponse request(std::string_view method, std::string_view target, std::string_view body = {});
  HttpResponse get(std::string_view target) { return request("GET", target); }
  void send(std::string_view bytes);
  HttpResponse receive(std::string_view method = "GET");
  /// Everything up to the end; `is_clean`: the server has said goodbye.
  std::string receive_until_closed(bool* is_clean = nullptr);
  /// Says goodbye and ends the sending half, but goes on reading.
  void end_sending();
  /// Ends the sending half of TCP without a goodbye.
  void hang_up_sending();
  /// Closes the connection at once, without a word.
  void drop() noexcept;

  /// Of the server's certificate.
  std::string common_name() const;
  std::string version() const { return SSL_get_version(session_); }
  std::string protocol() const;
  std::string stapled() const;
  bool is_resumed() const noexcept { return SSL_session_reused(session_) == 1; }
  /// To be resumed by another client; with TLS 1.3 only after something was received. The caller frees it.
  SSL_SESSION* take_session() const { return SSL_get1_session(session_); }
  SSL* raw() const noexcept { return session_; }
  int fd() const noexcept { return fd_.get(); }

 private:
  struct Unshaken {};
  TlsClient(std::string_view address, const TlsClientOptions& options, Unshaken);
  template <class Step>
  int repeat(Step step, const char* what);

  Fd fd_;
  SSL_CTX* context_;
  SSL* session_;
  ResponseReader reader_;
};

}  // namespace indrik::test
