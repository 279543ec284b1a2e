#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/fd.h"
#include "net/tls_stream.h"

namespace indrik::net {

/// One client's byte stream over an accepted socket, non-blocking, plain or through TLS. receive() and send() answer as
/// recv(2) and send(2) do, errno included: -1 with EAGAIN, EWOULDBLOCK or EINTR is no failure, see would_block().
/// Loop thread only.
class Stream {
 public:
  Stream() = default;
  explicit Stream(Fd socket) noexcept : socket_{std::move(socket)} {}
  /// With `tls`, nothing is received or sent before shake_hands() is done.
  Stream(Fd socket, std::unique_ptr<TlsStream> tls) noexcept : socket_{std::move(socket)}, tls_{std::move(tls)} {}

  explicit operator bool() const noexcept { return static_cast<bool>(socket_); }
  /// For waiting, and for asking the kernel about the connection; not for bytes.
  int fd() const noexcept { return socket_.get(); }

  /// It speaks TLS, or is going to; null: it does not. What it tells of the client stays after close().
  const TlsStream* tls() const noexcept { return tls_.get(); }
  /// With tls() only.
  Handshake shake_hands() noexcept { return tls_->shake_hands(); }
  /// From here on bytes are bytes: for the last words to whoever does not speak TLS.
  void go_plain() noexcept { tls_.reset(); }

  /// 0: the client has ended its sending half. With TLS the room must be TlsStream::kLeastRoom at least.
  ssize_t receive(char* buffer, std::size_t capacity) noexcept;
  /// `more` follows at once: the kernel may wait for it and send both in one packet.
  ssize_t send(std::string_view bytes, bool more = false) noexcept;
  /// Sends up to `size` bytes of `file` from `offset` on, as sendfile(2): 0 says that the file ends before `offset`.
  /// May wait for the disk; never for the client.
  ssize_t send_file(int file, std::uint64_t offset, std::size_t size) noexcept;
  /// What recv(2) would say, taking nothing: above 0: there is something to receive; 0: the end. With TLS a goodbye is
  /// the end, too, but only when the connection ends with it.
  ssize_t peek() const noexcept;
  /// After a call that gave -1: the stream is sound, there is only nothing to do now.
  static bool would_block() noexcept;

  /// Nothing is sent any more; the client sees the end after what was sent. False: the connection is gone; or, with
  /// TLS and would_block(), this cannot be said before the socket is writable.
  bool end_sending() noexcept;
  /// The next close destroys what is on its way: a client must not take half an answer for a whole one.
  void reset_on_close() noexcept;
  void close() noexcept;

 private:
  Fd socket_;
  std::unique_ptr<TlsStream> tls_;
  bool is_cut_ = false;  ///< it ends without a goodbye
};

}  // namespace indrik::net
