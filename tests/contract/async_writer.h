#pragma once

#include <memory>
#include <string>

#include "http/handler.h"

namespace indrik::test {

/// An async handler at work: writes so many bytes as its client takes them, then completes its exchange.
class AsyncWriter {
 public:
  static void begin(http::Exchange& exchange, std::size_t size) { (new AsyncWriter{exchange, size})->go_on(); }

 private:
  AsyncWriter(http::Exchange& exchange, std::size_t size) : exchange_{exchange}, left_{size} {}

  void go_on() {
    using Streaming = http::Streaming;
    auto& flow = exchange_.streaming();
    while (left_ > 0) {
      const auto moved = flow.write(std::string_view{piece_}.substr(0, left_), Streaming::Wait::no);
      if (moved.state == Streaming::State::would_block) {
        return flow.on_ready(
            Streaming::Direction::write, [](void* self) { static_cast<AsyncWriter*>(self)->go_on(); }, this);
      }
      if (moved.state != Streaming::State::moved) break;
      left_ -= moved.size;
    }
    const std::unique_ptr<AsyncWriter> ended{this};
    exchange_.complete();
  }

  http::Exchange& exchange_;
  std::size_t left_;
  const std::string piece_ = std::string(30'000, 'x');
};

}  // namespace indrik::test
