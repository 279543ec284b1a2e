#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/limits.h"
#include "http/parse_error.h"

namespace indrik::http {

/// Removes chunked framing in place (RFC 9112 7.1). Written here, and not left to llhttp 8.1, which passes a bare LF at
/// the body's end, folded and malformed trailer lines, and extensions and trailers without bound. Extensions and
/// trailers are checked, bounded and dropped.
class ChunkDecoder {
 public:
  enum class State : std::uint8_t { incomplete, complete, failed };

  static constexpr std::size_t kMaxSizeDigits = 16;
  static constexpr std::size_t kMaxExtensionSize = 256;  ///< from the ';' on, per chunk

  /// `begin`: where in the buffer the chunked body begins.
  explicit ChunkDecoder(std::size_t begin = 0) noexcept
      : begin_{begin}, body_end_{begin}, line_begin_{begin}, at_{begin} {}

  /// Decodes what has been appended to `buffer` since the last call. The body so far is buffer[begin, body_end()); what
  /// was framing before at() is garbage, what follows belongs to the next request.
  State decode(std::string& buffer, const Limits& limits);

  std::size_t body_end() const noexcept { return body_end_; }
  std::size_t at() const noexcept { return at_; }
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
  std::uint32_t trailer_size_ = 0;
  std::uint32_t trailer_fields_ = 0;
  Part part_ = Part::size_line;
  State state_ = State::incomplete;
  ParseError error_ = ParseError::none;
};

}  // namespace indrik::http
