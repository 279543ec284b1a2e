#include "config/toml_nesting.h"

#include <algorithm>

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

}  // namespace

int first_line_nested_too_deeply(std::string_view text) noexcept {
  constexpr int kMost = 32;
  int line = 1;
  int depth = 0;
  int parts = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      const auto length = string_length(text.substr(i));
      const auto skipped = text.substr(i, length);
      line += static_cast<int>(std::count(skipped.begin(), skipped.end(), '\n'));
      i += length - 1;
    } else if (c == '#') {
      while (i + 1 < text.size() && text[i + 1] != '\n') ++i;
    } else if (c == '\n') {
      ++line;
      parts = 1;
    } else if (c == '.') {
      ++parts;
    } else if (c == '=' || c == ',') {
      parts = 1;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
    if (depth > kMost || parts > kMost) return line;
  }
  return 0;
}

}  // namespace indrik::config
