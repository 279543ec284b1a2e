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

  /// Both are empty, and are given memory if there is some.
  void take(std::string& bytes, std::vector<Field>& fields) noexcept {
    if (pieces_.empty()) return;
    auto& last = pieces_.back();
    held_ -= size_of(last.bytes, last.fields);
    bytes = std::move(last.bytes);
    fields = std::move(last.fields);
    pieces_.pop_back();
  }
  /// What has no room stays with the caller.
  void leave(std::string& bytes, std::vector<Field>& fields) {
    const auto size = size_of(bytes, fields);
    if (size > kMost - held_) return;
    bytes.clear();
    fields.clear();
    pieces_.push_back({std::move(bytes), std::move(fields)});
    held_ += size;
  }

  /// Bytes that wait to be taken.
  std::size_t held() const noexcept { return held_; }

 private:
  struct Piece {
    std::string bytes;
    std::vector<Field> fields;
  };
  static std::size_t size_of(const std::string& bytes, const std::vector<Field>& fields) noexcept {
    return bytes.capacity() + fields.capacity() * sizeof(Field);
  }

  std::vector<Piece> pieces_;
  std::size_t held_ = 0;
};

}  // namespace indrik::http
