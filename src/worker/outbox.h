#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/stream.h"

namespace indrik::worker {

/// What a connection has to send and its socket has not taken yet, in order. Empty, it owns no memory. Loop thread
/// only.
class Outbox {
 public:
  enum class Outcome : std::uint8_t {
    sent,     ///< everything
    blocked,  ///< go on when the socket is writable
    failed,   ///< the connection is gone
  };

  bool empty() const noexcept { return bytes_.empty(); }
  void append(std::string_view bytes) { bytes_.append(bytes); }
  /// Sends as much as the socket takes. Progress is told by sent().
  Outcome flush(net::Stream& stream) noexcept;
  /// Bytes that flush() has sent so far: whether there was progress.
  std::uint64_t sent() const noexcept { return sent_; }

 private:
  std::string bytes_;
  std::size_t taken_ = 0;  ///< of bytes_: moved only, not erased, which would copy the rest each time
  std::uint64_t sent_ = 0;
};

}  // namespace indrik::worker
