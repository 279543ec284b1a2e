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
