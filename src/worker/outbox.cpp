#include "worker/outbox.h"

namespace indrik::worker {

Outbox::Outcome Outbox::flush(net::Stream& stream) noexcept {
  if (bytes_.empty()) return Outcome::sent;
  const ssize_t size = stream.send(std::string_view{bytes_}.substr(taken_));
  if (size < 0) return net::Stream::would_block() ? Outcome::blocked : Outcome::failed;
  taken_ += static_cast<std::size_t>(size);
  sent_ += static_cast<std::uint64_t>(size);
  if (taken_ < bytes_.size()) return Outcome::blocked;
  bytes_ = {};
  taken_ = 0;
  return Outcome::sent;
}

}  // namespace indrik::worker
