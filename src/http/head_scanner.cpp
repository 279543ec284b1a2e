#include "http/head_scanner.h"

#include <algorithm>

#include "http/line_rules.h"

namespace indrik::http {

HeadScanner::State HeadScanner::scan(std::string_view text, const Limits& limits) noexcept {
  while (true) {
    const auto end = text.find('\n', searched_);
    const bool whole = end != std::string_view::npos;
    searched_ = whole ? end + 1 : text.size();
    const auto length = (whole ? end : text.size()) - line_begin_;  // with the CR, should there be one
    if (const auto error = judge_length(length, limits); error != ParseError::none) return fail(error);
    if (!whole) return State::incomplete;

    auto line = text.substr(line_begin_, length);
    if (!line.ends_with('\r')) return fail(ParseError::bad_line_ending);
    line.remove_suffix(1);
    line_begin_ = end + 1;
    if (line.empty()) return lines_ > 0 ? State::complete : fail(ParseError::bad_request_line);
    // A line with a CR in it does not pass: it stands nowhere but before the LF.
    if (const auto error = judge_line(line, limits); error != ParseError::none)
      return fail(line.find('\r') == line.npos ? error : ParseError::bad_line_ending);
    ++lines_;
  }
}

ParseError HeadScanner::judge_length(std::size_t length, const Limits& limits) const noexcept {
  // What a line may hold before its CR; the smaller of the two bounds is the one that is reached first. An empty line
  // and the first byte of any always fit: without them the head could not end.
  const auto line_bound = lines_ == 0 ? limits.max_request_line : limits.max_field_size;
  const auto used = line_begin_ + 2;
  const auto head_bound = limits.max_head_size > used ? limits.max_head_size - used : 0;
  if (length <= 1 || length - 1 <= std::min(line_bound, head_bound)) return ParseError::none;
  if (head_bound < line_bound) return ParseError::head_too_large;
  return lines_ == 0 ? ParseError::request_line_too_long : ParseError::field_too_large;
}

ParseError HeadScanner::judge_line(std::string_view line, const Limits& limits) const noexcept {
  if (lines_ == 0) return judge_request_line(line);
  if (lines_ > limits.max_fields) return ParseError::too_many_fields;
  return judge_field_line(line);
}

HeadScanner::State HeadScanner::fail(ParseError error) noexcept {
  error_ = error;
  return State::failed;
}

}  // namespace indrik::http
