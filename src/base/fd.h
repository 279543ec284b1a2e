#pragma once

#include <unistd.h>

#include <utility>

namespace indrik {

/// Owns one open descriptor and closes it exactly once; -1 is none. Never throws. Not for sharing between threads.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int raw) noexcept : raw_{raw} {}
  Fd(Fd&& other) noexcept : raw_{other.release()} {}
  Fd& operator=(Fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~Fd() { reset(); }

  int get() const noexcept { return raw_; }
  explicit operator bool() const noexcept { return raw_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(raw_, -1); }
  void reset(int raw = -1) noexcept {
    // No retry on EINTR: Linux has already freed the number; see close(2).
    if (const int old = std::exchange(raw_, raw); old >= 0) ::close(old);
  }

 private:
  int raw_ = -1;
};

}  // namespace indrik
