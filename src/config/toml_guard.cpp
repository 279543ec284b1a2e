#include "config/toml_guard.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace indrik::config {

namespace {

/// The length of the string that begins at the start of `text`, quotes included; of the rest if it never ends.
std::size_t string_length(std::string_view text) noexcept {
  const char quote = text.front();
  const bool multiline = text.size() >= 3 && text[1] == quote && text[2] == quote;
  const std::size_t width = multiline ? 3 : 1;
  for (std::size_t i = width; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (text[i] == quote && (!multiline || text.substr(i, 3) == text.substr(0, 3))) {
      return i + width;
    } else if (text[i] == '\n' && !multiline) {
      return i;  // a syntax error; the parser will say so
    }
  }
  return text.size();
}

/// How many bytes the first character takes in UTF-8; 0: it is none (RFC 3629 4).
std::size_t character_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto is_rest = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !is_rest(1)) return 0;
  if (first < 0xe0) return 2;
  // Not in two spellings, no half of a surrogate pair, nothing beyond U+10FFFF.
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  if (!is_rest(2)) return 0;
  if (first < 0xf0) return 3;
  return is_rest(3) ? 4 : 0;
}

/// The line of the first byte that is no part of a character; 0: there is none.
int line_of_foreign_byte(std::string_view text) noexcept {
  int line = 1;
  while (!text.empty()) {
    const auto length = character_length(text);
    if (length == 0) return line;
    if (text.front() == '\n') ++line;
    text.remove_prefix(length);
  }
  return 0;
}

/// Depth of brackets and parts of the key at one place of a text.
class Nesting {
 public:
  void see(char c) noexcept {
    if (c == '.') ++parts_;
    if (c == '\n' || c == '=' || c == ',') parts_ = 1;
    if (c == '[' || c == '{') ++depth_;
    if ((c == ']' || c == '}') && depth_ > 0) --depth_;
  }
  bool too_deep() const noexcept { return depth_ > kMost || parts_ > kMost; }

 private:
  static constexpr int kMost = 32;
  int depth_ = 0;
  int parts_ = 1;
};

bool is_long_binary(std::string_view text) noexcept {
  constexpr std::ptrdiff_t kMost = 62;
  if (!text.starts_with("0b")) return false;
  const auto digits = text.substr(2, text.find_first_not_of("01_", 2) - 2);
  return std::ssize(digits) - std::count(digits.begin(), digits.end(), '_') > kMost;
}

}  // namespace

std::optional<Hazard> find_hazard(std::string_view text) noexcept {
  if (const int line = line_of_foreign_byte(text); line != 0) return Hazard{line, "bytes that are no UTF-8"};
  Nesting nesting;
  int line = 1;
  while (!text.empty()) {
    const char c = text.front();
    std::size_t length = 1;
    if (c == '"' || c == '\'') {
      length = string_length(text);
    } else if (c == '#') {
      length = std::min(text.find('\n'), text.size());
    } else {
      nesting.see(c);
    }
    if (nesting.too_deep()) return Hazard{line, "nested too deeply"};
    if (is_long_binary(text)) return Hazard{line, "a binary number of more than 62 digits"};
    line += static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length), '\n'));
    text.remove_prefix(length);
  }
  return std::nullopt;
}

}  // namespace indrik::config
