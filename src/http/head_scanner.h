#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/limits.h"
#include "http/parse_error.h"

namespace indrik::http {

/// Finds the end of a request head in bytes that arrive in pieces, and refuses on the way what no parser shall see:
/// bare CR or LF, lines and heads beyond the limits, malformed request and field lines, folding. Each line is judged
/// once, when its LF is there or when it can no longer be short enough; each byte is looked at once. So the verdict
/// does not depend on where the bytes were cut.
class HeadScanner {
 public:
  enum class State : std::uint8_t { incomplete, complete, failed };

  /// `text` is everything from the head's first byte on: what the last call got, and more.
  State scan(std::string_view text, const Limits& limits) noexcept;

  /// After complete: bytes of the head, with the empty line that ends it.
  std::size_t size() const noexcept { return line_begin_; }
  /// After complete: how many field lines there are.
  std::size_t fields() const noexcept { return lines_ - 1; }
  /// Bytes looked at so far.
  std::size_t scanned() const noexcept { return searched_; }
  /// After failed.
  ParseError error() const noexcept { return error_; }

 private:
  ParseError judge_length(std::size_t length, const Limits& limits) const noexcept;
  ParseError judge_line(std::string_view line, const Limits& limits) const noexcept;
  State fail(ParseError error) noexcept;

  std::size_t line_begin_ = 0;
  std::size_t searched_ = 0;
  std::uint32_t lines_ = 0;  ///< whole ones, without the empty line
  ParseError error_ = ParseError::none;
};

}  // namespace indrik::http
