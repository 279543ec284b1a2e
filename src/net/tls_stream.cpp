#include "net/tls_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "net/openssl.h"

namespace indrik::net {
namespace {

/// The longest record (RFC 8446 5.1).
constexpr std::size_t kRecord = 16 * 1024;
/// A file is read in pieces of so many bytes.
constexpr std::size_t kPiece = 2 * kRecord;
/// An answer's head waits for the beginning of its body: a record more is a system call more, and a packet.
constexpr std::size_t kMostHeld = 2048;

/// While it lives, the kernel waits until a packet is full; then the rest goes: each record is a system call, but not
/// a packet. Does nothing for what is one record, and where the socket is not TCP's.
class Cork {
 public:
  Cork(const SSL* session, std::size_t size) noexcept : socket_{size > kRecord ? SSL_get_fd(session) : -1} { set(1); }
  Cork(const Cork&) = delete;
  Cork& operator=(const Cork&) = delete;
  ~Cork() { set(0); }

 private:
  void set(int on) const noexcept {
    if (socket_ < 0) return;
    const int before = errno;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
    errno = before;
  }
  int socket_;
};

std::string name_text(const X509_NAME* name) {
  return written_by([&](BIO* out) { return X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253) >= 0; });
}

std::string serial_text(const X509* certificate) {
  const OpensslPtr<BIGNUM, BN_free> number{ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr)};
  if (!number) return {};
  char* const text = BN_bn2hex(number.get());
  std::string copy = text == nullptr ? "" : text;
  OPENSSL_free(text);
  return copy;
}

std::string fingerprint_of(const X509* certificate) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), hash, &size) != 1) return {};
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text.append({kDigits[hash[i] >> 4U], kDigits[hash[i] & 15U]});
  return text;
}

TlsClientCertificate describe(const SSL* session, X509* certificate) {
  return {.is_verified = SSL_get_verify_result(session) == X509_V_OK,
          .subject = name_text(X509_get_subject_name(certificate)),
          .issuer = name_text(X509_get_issuer_name(certificate)),
          .serial = serial_text(certificate),
          .fingerprint_sha256 = fingerprint_of(certificate),
          .pem = written_by([&](BIO* out) { return PEM_write_bio_X509(out, certificate) == 1; })};
}

/// The two that the context chooses from, without a copy of their own.
std::string_view chosen_protocol(const SSL* session) noexcept {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(session, &name, &size);
  const std::string_view chosen{reinterpret_cast<const char*>(name), size};
  for (const std::string_view known : {"http/1.1", "http/1.0"})
    if (chosen == known) return known;
  return {};
}

}  // namespace

TlsStream::~TlsStream() { SSL_free(session_); }

Handshake TlsStream::shake_hands() noexcept {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_accept(session_);
  if (result != 1) return failed(SSL_get_error(session_, result));
  is_open_ = true;
  note_facts();
  return Handshake::done;
}

Handshake TlsStream::failed(int code) noexcept {
  if (code == SSL_ERROR_WANT_READ) return Handshake::wants_input;
  if (code == SSL_ERROR_WANT_WRITE) return Handshake::wants_output;
  is_broken_ = true;
  const int left = errno;
  const auto first = ERR_peek_error();
  const int reason = ERR_GET_LIB(first) == ERR_LIB_SSL ? ERR_GET_REASON(first) : 0;
  if (reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST) {
    ERR_clear_error();
    return Handshake::plain_http;
  }
  const bool has_left = code == SSL_ERROR_ZERO_RETURN || (code == SSL_ERROR_SYSCALL && left == 0);
  if (code == SSL_ERROR_SYSCALL && left != 0 && first == 0) {
    failure_ = Error::describe(left);
  } else if (has_left && first == 0) {
    failure_ = "the client has left";
  } else {
    const long verdict = SSL_get_verify_result(session_);
    failure_ = openssl_reason();
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
      failure_.append(" (").append(X509_verify_cert_error_string(verdict)).append(")");
  }
  return Handshake::failed;
}

void TlsStream::note_facts() {
  facts_.version = SSL_get_version(session_);
  facts_.cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(session_));
  facts_.protocol = chosen_protocol(session_);
  facts_.is_resumed = SSL_session_reused(session_) == 1;
  if (const char* const name = SSL_get_servername(session_, TLSEXT_NAMETYPE_host_name)) facts_.server_name = name;
  if (X509* const certificate = SSL_get0_peer_certificate(session_)) facts_.client = describe(session_, certificate);
}

ssize_t TlsStream::receive(char* buffer, std::size_t room) noexcept {
  if (is_broken_) return failed_call(SSL_ERROR_SSL);
  ERR_clear_error();
  errno = 0;
  std::size_t size = 0;
  const int result = SSL_read_ex(session_, buffer, room, &size);
  if (result == 1) return static_cast<ssize_t>(size);
  const int code = SSL_get_error(session_, result);
  // The end of the connection without a word before counts as the end of what is sent (SSL_OP_IGNORE_UNEXPECTED_EOF): a
  // request says by itself how long it is, so that none can be cut short unnoticed. RFC 9112 9.8.
  if (code == SSL_ERROR_ZERO_RETURN) return 0;
  // Who has its keys exchanged again and again and does not read the answers is not waited for.
  return failed_call(code == SSL_ERROR_WANT_WRITE ? SSL_ERROR_SSL : code);
}

ssize_t TlsStream::send(std::string_view bytes, bool more) noexcept {
  if (is_broken_) return failed_call(SSL_ERROR_SSL);
  if (more && held_.size() + bytes.size() <= kMostHeld && !has_record_) {
    held_.append(bytes);
    return static_cast<ssize_t>(bytes.size());
  }
  const Cork cork{session_, held_.size() + bytes.size()};
  return send_held() ? seal(bytes) : -1;
}

bool TlsStream::send_held() noexcept {
  if (held_.empty()) return true;
  const auto sent = seal(held_);
  return sent >= 0 && held_is_gone(static_cast<std::size_t>(sent));
}

/// So much of it was sent, and perhaps of what follows: a client may have asked for records of 512 bytes (RFC 6066 4).
/// False with EAGAIN: some is left.
bool TlsStream::held_is_gone(std::size_t sent) noexcept {
  if (sent < held_.size()) {
    held_.erase(0, sent);
    errno = EAGAIN;
    return false;
  }
  held_ = {};
  return true;
}

ssize_t TlsStream::seal(std::string_view bytes) noexcept {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    if (is_broken_) return failed_call(SSL_ERROR_SSL);
    ERR_clear_error();
    errno = 0;
    std::size_t size = 0;
    const auto rest = bytes.substr(sent);
    const int result = SSL_write_ex(session_, rest.data(), rest.size(), &size);
    if (result == 1) {
      has_record_ = false;
      sent += size;
      continue;
    }
    const int code = SSL_get_error(session_, result);
    has_record_ = code == SSL_ERROR_WANT_WRITE;
    if (!has_record_ || sent == 0) return failed_call(code);
    break;
  }
  return static_cast<ssize_t>(sent);
}

ssize_t TlsStream::send_file(int file, off_t offset, std::size_t size) noexcept {
  if (BIO_get_ktls_send(SSL_get_wbio(session_)) && !is_broken_) {
    if (!send_held()) return -1;
    ERR_clear_error();
    errno = 0;
    const auto sent = SSL_sendfile(session_, file, offset, size, 0);
    return sent >= 0 ? sent : failed_call(SSL_get_error(session_, static_cast<int>(sent)));
  }
  const Cork cork{session_, held_.size() + size};
  std::size_t done = 0;
  while (done < size) {
    const auto wanted = std::min(size - done, kPiece - held_.size());
    const auto sent = send_piece(file, offset + static_cast<off_t>(done), wanted);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return done > 0 ? static_cast<ssize_t>(done) : sent;
    done += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < wanted) break;
  }
  return static_cast<ssize_t>(done);
}

/// Behind what is held. Returns how much of the file was sent.
ssize_t TlsStream::send_piece(int file, off_t offset, std::size_t size) noexcept {
  char piece[kPiece];
  const auto held = held_.copy(piece, held_.size());
  const auto read = ::pread(file, piece + held, size, offset);
  if (read <= 0) return read;
  // A record that has been begun has bytes that are not in the file any more.
  if (has_record_ && static_cast<std::size_t>(read) < size) return 0;
  const auto sent = seal({piece, held + static_cast<std::size_t>(read)});
  if (sent < 0 || !held_is_gone(static_cast<std::size_t>(sent))) return -1;
  const auto of_file = sent - static_cast<ssize_t>(held);
  if (of_file > 0) return of_file;
  errno = EAGAIN;
  return -1;
}

/// Returns -1 with an errno that tells whether there is anything to wait for.
ssize_t TlsStream::failed_call(int code) noexcept {
  if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) {
    errno = EAGAIN;
    return -1;
  }
  is_broken_ = true;
  if (code != SSL_ERROR_SYSCALL || errno == 0 || errno == EAGAIN || errno == EINTR) errno = ECONNABORTED;
  return -1;
}

bool TlsStream::say_goodbye() noexcept {
  if (said_goodbye_) return true;
  if (!is_open_ || is_broken_ || has_record_ || !held_.empty() || session_ == nullptr) {
    errno = ECONNABORTED;
    return false;
  }
  ERR_clear_error();
  errno = 0;
  const int result = SSL_shutdown(session_);
  said_goodbye_ = result >= 0;
  if (!said_goodbye_) (void)failed_call(SSL_get_error(session_, result));
  return said_goodbye_;
}

void TlsStream::close(bool politely) noexcept {
  if (politely) (void)say_goodbye();
  SSL_free(session_);
  session_ = nullptr;
  is_broken_ = true;
}

}  // namespace indrik::net
