#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/fd.h"

namespace indrik::net {

/// One client's byte stream over an accepted socket, non-blocking. receive() and send() answer as recv(2) and send(2)
/// do, errno included: -1 with EAGAIN, EWOULDBLOCK or EINTR is no failure, see would_block(). Loop thread only.
class Stream {
 public:
  Stream() = default;
  explicit Stream(Fd socket) noexcept : socket_{std::move(socket)} {}

  explicit operator bool() const noexcept { return static_cast<bool>(socket_); }
  /// For waiting, and for asking the kernel about the connection; not for bytes.
  int fd() const noexcept { return socket_.get(); }

  /// 0: the client has ended its sending half.
  ssize_t receive(char* buffer, std::size_t capacity) noexcept;
  /// `more` follows at once: the kernel may wait for it and send both in one packet.
  ssize_t send(std::string_view bytes, bool more = false) noexcept;
  /// Sends up to `size` bytes of `file` from `offset` on, as sendfile(2): 0 says that the file ends before `offset`.
  /// May wait for the disk; never for the client.
  ssize_t send_file(int file, std::uint64_t offset, std::size_t size) noexcept;
  /// After a call that gave -1: the stream is sound, there is only nothing to do now.
  static bool would_block() noexcept;

  /// Nothing is sent any more; the client sees the end after what was sent. False: the connection is gone.
  bool end_sending() noexcept;
  /// The next close destroys what is on its way: a client must not take half an answer for a whole one.
  void reset_on_close() noexcept;
  void close() noexcept { socket_.reset(); }

 private:
  Fd socket_;
};

}  // namespace indrik::net
