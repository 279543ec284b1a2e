#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "http/chunk_decoder.h"
#include "http/head_rules.h"
#include "http/limits.h"

namespace indrik::http {

/// Reads one request's body in the buffer in which it arrives: by Content-Length or chunked (RFC 9112 6.3), whole in
/// its place or, with drop(), piece by piece.
class BodyReader {
 public:
  enum class State : std::uint8_t { incomplete, complete, failed };

  /// Reads another one from here on. `begin`: where in the buffer it begins.
  void start(const HeadVerdict& verdict, std::size_t begin);
  /// It is done with: gives back the memory of trailers.
  void forget();
  /// Gives back the rest of its memory, unless it is in the midst of a body.
  void release() noexcept {
    if (!chunked_) chunks_.reset();
  }

  /// Looks at what has been appended to `buffer` since the last call. The body so far, less what was dropped, is
  /// buffer[begin(), end()).
  State read(std::string& buffer, const Limits& limits);
  std::size_t begin() const noexcept { return begin_; }
  std::size_t end() const noexcept { return chunked_ ? chunks_->body_end() : end_; }
  /// Once it is complete: where the next request begins.
  std::size_t request_end() const noexcept { return chunked_ ? chunks_->at() : end_; }
  ParseError error() const noexcept { return chunked_ ? chunks_->error() : ParseError::none; }
  /// Once it is complete, until the next start() or forget().
  std::span<const Field> trailers() const noexcept { return chunked_ ? chunks_->trailers() : std::span<const Field>{}; }
  /// Bytes on the heap.
  std::size_t held_memory() const noexcept { return chunks_ ? sizeof *chunks_ + chunks_->held_memory() : 0; }

  /// Takes the body so far out of `buffer`.
  void drop(std::string& buffer);
  /// `size` bytes before the body have been taken out of the buffer.
  void move_down(std::size_t size) noexcept;

  /// Its size was told beforehand.
  bool has_length() const noexcept { return !chunked_; }
  /// Of a body that has_length(): bytes that have not come.
  std::size_t outstanding() const noexcept { return left_ - (end_ - begin_); }

 private:
  bool chunked_ = false;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t left_ = 0;                  ///< from begin_ on, of a Content-Length
  std::unique_ptr<ChunkDecoder> chunks_;  ///< made for the first body that is chunked
};

}  // namespace indrik::http
