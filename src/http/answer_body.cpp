#include "http/answer_body.h"

#include <algorithm>
#include <charconv>

namespace indrik::http {

bool AnswerBody::append(std::string_view piece, std::string& out) {
  switch (kind_) {
    case Kind::none:
      return true;
    case Kind::until_close:
      out.append(piece);
      return true;
    case Kind::length: {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), left_));
      out.append(piece.substr(0, size));
      left_ -= size;
      return size == piece.size();
    }
    case Kind::chunked:
      break;
  }
  if (piece.empty()) return true;  // a chunk of no bytes would end the body
  char digits[16];
  out.append(digits, std::to_chars(std::begin(digits), std::end(digits), piece.size(), 16).ptr);
  out.append("\r\n").append(piece).append("\r\n");
  return true;
}

bool AnswerBody::finish(std::string_view trailer_lines, std::string& out) {
  if (kind_ == Kind::chunked) out.append("0\r\n").append(trailer_lines).append("\r\n");
  return !is_short();
}

}  // namespace indrik::http
