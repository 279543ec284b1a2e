#include "integration/support/tls_client.h"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>

#include "base/error.h"
#include "integration/support/client_socket.h"
#include "integration/support/deadline.h"
#include "integration/support/http_client.h"

namespace indrik::test {
namespace {

std::string reason() {
  const auto code = ERR_get_error();
  const char* const text = ERR_reason_error_string(code);
  ERR_clear_error();
  return text == nullptr ? "closed" : text;
}

std::string_view without_scheme(std::string_view address) {
  constexpr std::string_view kHttps = "https://";
  return address.starts_with(kHttps) ? address.substr(kHttps.size()) : address;
}

std::string wire_form(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const auto& name : protocols) wire.append(1, static_cast<char>(name.size())).append(name);
  return wire;
}

}  // namespace

TlsClient::TlsClient(std::string_view address, const TlsClientOptions& options, bool shakes_hands)
    : TlsClient{address, options, Unshaken{}} {  // whole before it may throw: what it owns is freed
  if (shakes_hands) shake_hands();
}

TlsClient::TlsClient(std::string_view address, const TlsClientOptions& options, Unshaken)
    : fd_{start_connecting(without_scheme(address))},
      context_{SSL_CTX_new(TLS_client_method())},
      session_{SSL_new(context_)} {
  if (!await_fd(fd_.get(), POLLOUT, Deadline{})) throw std::runtime_error{"connect: timed out"};
  if (const int error = connect_error(fd_.get()); error != 0)
    throw std::runtime_error{"connect: " + Error::describe(error)};
  SSL_set_fd(session_, fd_.get());
  SSL_set_connect_state(session_);
  if (!options.host.empty())
    SSL_ctrl(session_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(options.host.c_str()));
  const auto protocols = wire_form(options.protocols);
  if (!protocols.empty())
    SSL_set_alpn_protos(session_, reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
  if (options.version != 0) {
    SSL_set_min_proto_version(session_, options.version);
    SSL_set_max_proto_version(session_, options.version);
  }
  if (!options.ciphers.empty()) SSL_set_cipher_list(session_, options.ciphers.c_str());
  if (options.asks_for_status) SSL_set_tlsext_status_type(session_, TLSEXT_STATUSTYPE_ocsp);
  if (options.certificate != nullptr) {
    SSL_use_certificate(session_, options.certificate->raw());
    SSL_use_PrivateKey(session_, options.certificate->key());
  }
  if (options.session != nullptr) SSL_set_session(session_, options.session);
}

TlsClient::~TlsClient() {
  SSL_set_shutdown(session_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // or its session could not be resumed
  SSL_free(session_);
  SSL_CTX_free(context_);
}

/// Does `step` until it neither wants to read nor to write; its result.
template <class Step>
int TlsClient::repeat(Step step, const char* what) {
  const Deadline deadline;
  for (;;) {
    ERR_clear_error();
    const int result = step();
    if (result > 0) return result;
    const int code = SSL_get_error(session_, result);
    if (code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE) return result;
    if (!await_fd(fd_.get(), code == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline))
      throw std::runtime_error{std::string{what} + ": not in time"};
  }
}

void TlsClient::shake_hands() {
  if (repeat([this] { return SSL_connect(session_); }, "handshake") != 1)
    throw std::runtime_error{"handshake: " + reason()};
}

HttpResponse TlsClient::request(std::string_view method, std::string_view target, std::string_view body) {
  send(request_bytes(method, target, body));
  return receive(method);
}

void TlsClient::send(std::string_view bytes) {
  SSL_set_mode(session_, SSL_MODE_ENABLE_PARTIAL_WRITE);
  while (!bytes.empty()) {
    const int sent = repeat([&] { return SSL_write(session_, bytes.data(), static_cast<int>(bytes.size())); }, "send");
    if (sent <= 0) throw std::runtime_error{"send: " + reason()};
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

HttpResponse TlsClient::receive(std::string_view method) {
  std::array<char, 16384> bytes;
  for (;;) {
    if (auto response = reader_.next(method)) return *std::move(response);
    const int got = repeat([&] { return SSL_read(session_, bytes.data(), bytes.size()); }, "receive");
    if (got > 0) {
      reader_.feed({bytes.data(), static_cast<std::size_t>(got)});
    } else if (auto response = reader_.at_end(method)) {
      return *std::move(response);
    } else {
      throw std::runtime_error{"the server closed the connection instead of answering: " + reason()};
    }
  }
}

std::string TlsClient::receive_until_closed(bool* is_clean) {
  std::array<char, 16384> bytes;
  for (int got = 0; (got = repeat([&] { return SSL_read(session_, bytes.data(), bytes.size()); }, "receive")) > 0;)
    reader_.feed({bytes.data(), static_cast<std::size_t>(got)});
  if (is_clean != nullptr) *is_clean = (SSL_get_shutdown(session_) & SSL_RECEIVED_SHUTDOWN) != 0;
  return reader_.unread();
}

void TlsClient::end_sending() {
  SSL_shutdown(session_);
  hang_up_sending();
}

void TlsClient::hang_up_sending() { ::shutdown(fd_.get(), SHUT_WR); }

void TlsClient::drop() noexcept { fd_.reset(); }

std::string TlsClient::common_name() const {
  X509* const certificate = SSL_get0_peer_certificate(session_);
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(), name.size());
  return name.data();
}

std::string TlsClient::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(session_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string TlsClient::stapled() const {
  const unsigned char* bytes = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(session_, &bytes);
  return size > 0 ? std::string{reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)} : std::string{};
}

}  // namespace indrik::test
