#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>

namespace indrik::fiber {

inline std::size_t total_size(std::span<const iovec> buffers) noexcept {
  std::size_t size = 0;
  for (const auto& buffer : buffers) size += buffer.iov_len;
  return size;
}

/// The next few pieces of a caller's buffers behind the first `done` bytes, `at_most` bytes of them. The caller's own
/// vector is not ours to change, and as a whole (1024 entries) it is too large for a fiber's stack.
class RestOfBuffers {
 public:
  RestOfBuffers(std::span<const iovec> all, std::size_t done,
                std::size_t at_most = std::numeric_limits<std::size_t>::max()) noexcept {
    for (const auto& buffer : all) {
      const auto skipped = std::min(done, buffer.iov_len);
      done -= skipped;
      const auto size = std::min(buffer.iov_len - skipped, at_most);
      if (size == 0) continue;
      at_most -= size;
      pieces_[count_++] = {static_cast<std::byte*>(buffer.iov_base) + skipped, size};
      if (count_ == pieces_.size() || at_most == 0) return;
    }
  }
  iovec* data() noexcept { return pieces_.data(); }
  std::size_t size() const noexcept { return count_; }

 private:
  std::array<iovec, 16> pieces_;
  std::size_t count_ = 0;
};

}  // namespace indrik::fiber
