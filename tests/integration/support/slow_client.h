#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace indrik::test {

/// A client that does as little as it can, for as long as it may. Never waits.
class SlowClient {
 public:
  enum class Kind : std::uint8_t {
    head,    ///< a byte of the head now and then
    body,    ///< a byte of the body
    reader,  ///< takes a byte of a large answer, through the smallest window
  };

  /// Begins a request for `target`.
  SlowClient(Kind kind, std::string_view address, std::string_view target);
  /// One byte more. Nothing after the end.
  void step();
  /// The server has ended it, by a reset or in order.
  bool ended() const noexcept { return ended_; }
  Kind kind() const noexcept { return kind_; }
  /// The beginning of what the server has said.
  const std::string& heard() const noexcept { return heard_; }

 private:
  void hear();

  Kind kind_;
  Fd fd_;
  std::string request_;  ///< not yet sent
  std::string heard_;
  bool ended_ = false;
};

}  // namespace indrik::test
