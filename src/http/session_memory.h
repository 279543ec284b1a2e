#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "http/request.h"

namespace indrik::http {

/// Where a thread's sessions leave their memory while their connections are idle, for the next one that has a request:
/// a connection without one costs nothing, and a request allocates nothing.
class SessionMemory {
 public:
  /// What is left beyond so many bytes is freed.
  static constexpr std::size_t kMost = 1024 * 1024;

  struct Piece {
    std::string bytes;
    std::vector<Field> fields;

    std::size_t size() const noexcept { return bytes.capacity() + fields.capacity() * sizeof(Field); }
  };

  /// Empty, with or without memory.
  Piece take() noexcept {
    if (pieces_.empty()) return {};
    Piece piece = std::move(pieces_.back());
    pieces_.pop_back();
    held_ -= piece.size();
    return piece;
  }
  void leave(Piece piece) noexcept {
    if (piece.size() > kMost - held_) return;
    piece.bytes.clear();
    piece.fields.clear();
    held_ += piece.size();
    pieces_.push_back(std::move(piece));
  }

  /// Bytes that wait to be taken.
  std::size_t held() const noexcept { return held_; }

 private:
  std::vector<Piece> pieces_;
  std::size_t held_ = 0;
};

}  // namespace indrik::http
