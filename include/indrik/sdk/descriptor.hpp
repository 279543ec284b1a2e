#pragma once

#include <unistd.h>

#include <utility>

#pragma GCC visibility push(hidden)
namespace indrik {

/// Owns one open descriptor and closes it exactly once; -1 is none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int raw) noexcept : raw_{raw} {}
  Descriptor(Descriptor&& other) noexcept : raw_{other.release()} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Descriptor() {
    if (raw_ >= 0) ::close(raw_);
  }

  explicit operator bool() const noexcept { return raw_ >= 0; }
  int get() const noexcept { return raw_; }
  [[nodiscard]] int release() noexcept { return std::exchange(raw_, -1); }

 private:
  int raw_ = -1;
};

}  // namespace indrik
#pragma GCC visibility pop
