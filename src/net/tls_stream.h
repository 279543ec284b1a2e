#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/tls_facts.h"

struct ssl_st;

namespace indrik::net {

/// How far a handshake has come.
enum class Handshake : std::uint8_t {
  done,
  wants_input,   ///< go on when the socket is readable
  wants_output,  ///< go on when it is writable
  plain_http,    ///< the client speaks HTTP without TLS
  failed,        ///< the client has been told, where it can be
};

/// The server's end of TLS over a non-blocking socket that somebody else owns. Its calls are what Stream makes of its
/// own. A process that uses it ignores SIGPIPE: OpenSSL writes by write(2). Loop thread only.
class TlsStream {
 public:
  /// receive() takes one record and leaves nothing of it behind, so that what has come can always be waited for at the
  /// socket: give it room for the longest one (RFC 8446 5.1).
  static constexpr std::size_t kLeastRoom = 16 * 1024;

  /// Owns `session`, which has its socket already.
  explicit TlsStream(ssl_st* session) noexcept : session_{session} {}
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  Handshake shake_hands() noexcept;
  /// After a handshake that failed: why, in a few words.
  const std::string& failure() const noexcept { return failure_; }
  /// After one that is done. They stay when the stream is closed.
  const TlsFacts& facts() const noexcept { return facts_; }

  ssize_t receive(char* buffer, std::size_t room) noexcept;
  /// `more` follows at once, by send() or send_file(): a few bytes are kept until then and share a record with it.
  ssize_t send(std::string_view bytes, bool more = false) noexcept;
  /// As much of the file as the socket takes, from `offset` on; 0: the file has ended early.
  ssize_t send_file(int file, off_t offset, std::size_t size) noexcept;
  /// Says that nothing more is sent (close_notify). False with EAGAIN: not yet; otherwise: nobody can be told.
  bool say_goodbye() noexcept;
  /// Frees what it needs to speak. `politely`: with a goodbye, if one is due and fits into the socket.
  void close(bool politely) noexcept;

 private:
  Handshake failed(int code) noexcept;
  ssize_t failed_call(int result) noexcept;
  ssize_t seal(std::string_view bytes) noexcept;
  bool send_held() noexcept;
  bool held_is_gone(std::size_t sent) noexcept;
  ssize_t send_piece(int file, off_t offset, std::size_t size) noexcept;
  void note_facts();

  ssl_st* session_;
  TlsFacts facts_;
  std::string failure_;
  std::string held_;         ///< said to be sent; goes before whatever is sent next
  bool is_open_ = false;     ///< the handshake is done
  bool is_broken_ = false;   ///< nothing can be said any more
  bool has_record_ = false;  ///< a part of one has been sent
  bool said_goodbye_ = false;
};

}  // namespace indrik::net
