#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/limits.h"
#include "http/parse_error.h"
#include "http/trailers.h"

namespace indrik::http {

/// Removes chunked framing in place (RFC 9112 7.1). Written here, and not left to llhttp 8.1, which passes a bare LF at
/// the body's end, folded and malformed trailer lines, and extensions and trailers without bound. Extensions are
/// checked, bounded and dropped; trailers are checked, bounded, filtered and kept.
class ChunkDecoder {
 public:
  enum class State : std::uint8_t { incomplete, complete, failed };

  static constexpr std::size_t kMaxSizeDigits = 16;
  static constexpr std::size_t kMaxExtensionSize = 256;  ///< what follows the digits, per chunk
  /// By how much all extensions of a body may exceed its data: else a client has us read gigabytes for a body of some
  /// bytes (CVE-2023-39326).
  static constexpr std::size_t kMaxExtensionExcess = 4096;

  /// `begin`: where in the buffer the chunked body begins.
  explicit ChunkDecoder(std::size_t begin = 0) noexcept
      : begin_{begin}, body_end_{begin}, line_begin_{begin}, at_{begin} {}

  /// Decodes what has been appended to `buffer` since the last call. The body so far is buffer[begin, body_end()); what
  /// was framing before at() is garbage, what follows belongs to the next request.
  State decode(std::string& buffer, const Limits& limits);

  /// Takes the body so far out of `buffer`: for bodies that are used piece by piece. Their size still counts.
  void drop_body(std::string& buffer);
  /// `size` bytes before the body have been taken out of the buffer.
  void move_down(std::size_t size) noexcept;

  std::size_t body_end() const noexcept { return body_end_; }
  std::size_t at() const noexcept { return at_; }
  /// After complete; valid until the decoder is assigned to or destroyed.
  std::span<const Field> trailers() const noexcept { return trailers_.fields(); }
  /// Bytes on the heap.
  std::size_t held_memory() const noexcept { return trailers_.held_memory(); }
  ParseError error() const noexcept { return error_; }

 private:
  enum class Part : std::uint8_t { size_line, data, data_end, trailer };

  bool take_line(std::string& buffer, std::size_t bound, std::string_view& line);
  bool take_size_line(std::string& buffer, const Limits& limits);
  bool take_data(std::string& buffer);
  bool take_data_end(const std::string& buffer);
  bool take_trailer_line(std::string& buffer, const Limits& limits);
  ParseError judge_size_line(std::string_view line, const Limits& limits);
  void compact(std::string& buffer);
  bool fail(ParseError error) noexcept;

  std::size_t begin_;
  std::size_t body_end_;    ///< the decoded bytes end here
  std::size_t line_begin_;  ///< of the line being read
  std::size_t at_;          ///< bytes before are consumed, or searched for the line's end
  std::size_t chunk_left_ = 0;
  std::size_t announced_ = 0;       ///< bytes of data in all chunks so far
  std::size_t extension_size_ = 0;  ///< bytes of extensions in all chunks so far
  Trailers trailers_;
  Part part_ = Part::size_line;
  State state_ = State::incomplete;
  ParseError error_ = ParseError::none;
};

}  // namespace indrik::http
