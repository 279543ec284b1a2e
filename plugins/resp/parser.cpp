#include "parser.h"

#include <charconv>
#include <cstring>
#include <limits>

namespace resp {
namespace {

constexpr std::size_t kKept = 1024;  // arguments that there is room for from one command to the next

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Less than a space between words may be.
bool ends_word(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char unescaped(char c) noexcept {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

/// Takes a quoted part from behind its first quote on; false: it does not end, or something follows its end at once.
bool take_quoted(std::string_view& rest, char quote, std::string& out) {
  while (!rest.empty()) {
    const char c = rest.front();
    if (c == quote) {
      rest.remove_prefix(1);
      return rest.empty() || is_space(rest.front());
    }
    const bool hex = quote == '"' && c == '\\' && rest.size() >= 4 && rest[1] == 'x' && hex_digit(rest[2]) >= 0 &&
                     hex_digit(rest[3]) >= 0;
    const bool escape = c == '\\' && rest.size() >= 2 && (quote == '"' || rest[1] == '\'');
    if (hex) {
      out += static_cast<char>(hex_digit(rest[2]) * 16 + hex_digit(rest[3]));
      rest.remove_prefix(4);
    } else if (escape) {
      out += quote == '"' ? unescaped(rest[1]) : rest[1];
      rest.remove_prefix(2);
    } else {
      out += c;
      rest.remove_prefix(1);
    }
  }
  return false;
}

}  // namespace

std::optional<std::int64_t> to_number(std::string_view text) noexcept {
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') return text[0] - '0';
  const auto digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits[0] < '1' || digits[0] > '9') return std::nullopt;
  std::int64_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  return wrong == std::errc{} && end == text.data() + text.size() ? std::optional{number} : std::nullopt;
}

Parser::Outcome Parser::advance(std::string_view input) {
  if (at_ == 0 && args_.capacity() > kKept) {  // an idle client need not keep what one long command took
    std::vector<Span>{}.swap(spans_);
    std::vector<std::string_view>{}.swap(args_);
  }
  if (input.empty()) return want(1);
  return input.front() == '*' ? advance_array(input) : advance_inline(input);
}

Parser::Outcome Parser::want(std::size_t size) noexcept {
  wants_ = size;
  return Outcome::more;
}

Parser::Outcome Parser::fail(std::string_view why) {
  error_.assign("Protocol error: ").append(why);
  return Outcome::error;
}

Parser::Outcome Parser::finish(std::string_view input) {
  args_.clear();
  for (const auto& [begin, size] : spans_) args_.push_back(input.substr(begin, size));
  spans_.clear();
  size_ = at_;
  at_ = searched_ = 0;
  left_ = -1;
  return Outcome::command;
}

/// A NUL hides what is behind it, also the end of the line: a client that sends one waits for its answer in vain, as it
/// does at a Redis server.
Parser::Outcome Parser::advance_inline(std::string_view input) {
  auto end = input.find_first_of(std::string_view{"\n\0", 2}, searched_);
  if (end != std::string_view::npos && input[end] == '\0') {
    searched_ = end;
    end = std::string_view::npos;
  } else if (end == std::string_view::npos) {
    searched_ = input.size();
  }
  if (end == std::string_view::npos)
    return input.size() > Limits::kLine ? fail("too big inline request") : want(input.size() + 1);
  at_ = end + 1;
  auto line = input.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!split(line)) return fail("unbalanced quotes in request");
  return finish(unquoted_);
}

/// Words with quotes and escapes as a shell would have them. False: a quote is not closed.
bool Parser::split(std::string_view line) {
  unquoted_.clear();
  spans_.clear();
  while (true) {
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    if (line.empty()) return true;
    const auto begin = unquoted_.size();
    while (!line.empty() && !ends_word(line.front())) {
      const char c = line.front();
      line.remove_prefix(1);
      if (c != '"' && c != '\'')
        unquoted_ += c;
      else if (!take_quoted(line, c, unquoted_))
        return false;
    }
    spans_.push_back({begin, unquoted_.size() - begin});
  }
}

/// The line at at_, without its end, which is two bytes from CR on, whatever the second is. None: it has not come yet,
/// or a NUL hides its end.
std::optional<std::string_view> Parser::line_at(std::string_view input) {
  const auto from = searched_ > at_ ? searched_ : at_;
  const auto* const begin = input.data() + from;
  const auto* const found = static_cast<const char*>(std::memchr(begin, '\r', input.size() - from));
  if (found == nullptr) {
    searched_ = input.size();
    return std::nullopt;
  }
  const auto end = static_cast<std::size_t>(found - input.data());
  searched_ = end;
  const auto line = input.substr(at_, end - at_);
  if (end + 2 > input.size() || line.find('\0') != std::string_view::npos) return std::nullopt;
  return line;
}

Parser::Outcome Parser::advance_array(std::string_view input) {
  if (left_ < 0) {
    const auto line = line_at(input);
    if (!line) return input.size() > Limits::kLine ? fail("too big mbulk count string") : want(input.size() + 1);
    const auto count = to_number(line->substr(1));
    if (!count || *count > std::numeric_limits<int>::max()) return fail("invalid multibulk length");
    at_ += line->size() + 2;
    left_ = *count > 0 ? *count : 0;
  }
  while (left_ > 0) {
    if (bulk_ < 0) {
      const auto line = line_at(input);
      if (!line) return input.size() - at_ > Limits::kLine ? fail("too big bulk count string") : want(input.size() + 1);
      if (input[at_] != '$') return fail(std::string{"expected '$', got '"} + input[at_] + "'");
      const auto size = to_number(line->substr(1));
      if (!size || *size < 0 || static_cast<std::size_t>(*size) > limits_.max_bulk) return fail("invalid bulk length");
      at_ += line->size() + 2;
      bulk_ = *size;
    }
    const auto size = static_cast<std::size_t>(bulk_);
    if (at_ + size > limits_.max_query) return fail("too big query");
    if (input.size() < at_ + size + 2) return want(at_ + size + 2);
    spans_.push_back({at_, size});
    at_ += size + 2;  // the two bytes behind it are not looked at
    bulk_ = -1;
    --left_;
  }
  return finish(input);
}

}  // namespace resp
