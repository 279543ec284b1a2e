#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/body_part.h"
#include "net/stream.h"

namespace indrik::worker {

/// What a connection has to send and its socket has not taken yet, in order: bytes, and slices of files. Empty, it owns
/// no memory. Loop thread only.
class Outbox {
 public:
  /// Of files, at most so much is sent by one flush(): whoever takes a big one quickly must not hold the loop.
  static constexpr std::size_t kFilePiece = 256 * 1024;

  enum class Outcome : std::uint8_t {
    sent,         ///< everything
    blocked,      ///< go on when the socket is writable (it may be so already, see kFilePiece)
    failed,       ///< the connection is gone
    file_failed,  ///< a file cannot be read on; what was announced cannot be kept. See complaint()
  };

  bool empty() const noexcept { return parts_.empty(); }
  void append(std::string_view bytes);
  void append(http::BodyPart part);
  /// Sends as much as the socket takes. Progress is told by sent().
  Outcome flush(net::Stream& stream) noexcept;
  /// Bytes that flush() has sent so far: whether there was progress.
  std::uint64_t sent() const noexcept { return sent_; }
  /// After file_failed: which file, and what is wrong with it. "/srv/a.iso: it has become shorter, 10 bytes are
  /// missing"
  std::string complaint() const;

 private:
  Outcome flush_part(net::Stream& stream, http::BodyPart& part, std::size_t& budget) noexcept;
  Outcome flush_slice(net::Stream& stream, http::BodyPart& part, std::size_t& budget) noexcept;

  std::vector<http::BodyPart> parts_;  ///< those before first_ are sent, and empty
  std::size_t first_ = 0;
  std::size_t taken_ = 0;  ///< of the first part's bytes: moved only, not erased, which would copy the rest each time
  std::uint64_t sent_ = 0;
  int file_error_ = 0;  ///< errno; 0: the file has ended early
};

}  // namespace indrik::worker
