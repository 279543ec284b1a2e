#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace indrik::http {

/// How the pieces of one answer's body stand on the wire (RFC 9112 6.3): by a declared length, in chunks, until the
/// connection closes, or not at all.
class AnswerBody {
 public:
  enum class Kind : std::uint8_t { none, length, chunked, until_close };

  AnswerBody() = default;
  /// `length` counts for Kind::length only; Kind::none takes any number of bytes and sends none.
  AnswerBody(Kind kind, std::uint64_t length) noexcept : kind_{kind}, left_{length} {}

  Kind kind() const noexcept { return kind_; }
  /// Appends the next piece as it is sent. False: it goes beyond the declared length; what does is left out.
  bool append(std::string_view piece, std::string& out);
  /// Appends the end; `trailer_lines`, each "Name: value\r\n", go with chunks only (RFC 9112 7.1.2). False: fewer bytes
  /// came than were declared, and nothing can be appended that would mend it.
  bool finish(std::string_view trailer_lines, std::string& out);

  bool is_short() const noexcept { return kind_ == Kind::length && left_ > 0; }

 private:
  Kind kind_ = Kind::none;
  std::uint64_t left_ = 0;
};

}  // namespace indrik::http
