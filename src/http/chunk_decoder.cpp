#include "http/chunk_decoder.h"

#include <algorithm>

#include "http/characters.h"

namespace indrik::http {

namespace {

void skip_blanks(std::string_view& text) noexcept {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t")));
}

bool skip_token(std::string_view& text) noexcept {
  const auto end = std::find_if(text.begin(), text.end(), [](char c) { return !kTokenCharacters.contains(c); });
  const auto size = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(size);
  return size > 0;
}

/// RFC 9110 5.6.4; `text` begins with the quote.
bool skip_quoted(std::string_view& text) noexcept {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return true;
    }
    if (text[at] == '\\' && ++at == text.size()) return false;
    if (!kFieldValueCharacters.contains(text[at])) return false;
  }
  return false;
}

/// chunk-ext, RFC 9112 7.1.1: what follows the size, "" included.
bool is_chunk_extension(std::string_view text) noexcept {
  while (!text.empty()) {
    skip_blanks(text);
    if (!text.starts_with(';')) return false;
    text.remove_prefix(1);
    skip_blanks(text);
    if (!skip_token(text)) return false;
    auto value = text;
    skip_blanks(value);
    if (!value.starts_with('=')) continue;
    value.remove_prefix(1);
    skip_blanks(value);
    if (!(value.starts_with('"') ? skip_quoted(value) : skip_token(value))) return false;
    text = value;
  }
  return true;
}

}  // namespace

ChunkDecoder::State ChunkDecoder::decode(std::string& buffer, const Limits& limits) {
  const auto take_part = [&] {
    switch (part_) {
      case Part::size_line:
        return take_size_line(buffer, limits);
      case Part::data:
        return take_data(buffer);
      case Part::data_end:
        return take_data_end(buffer);
      case Part::trailer:
        return take_trailer_line(buffer, limits);
    }
    return false;
  };
  while (state_ == State::incomplete && take_part()) {
  }
  if (state_ == State::incomplete) compact(buffer);
  return state_;
}

/// True: `line` is the next whole line, without CR LF. False: it has not arrived, or it cannot be one of `bound` bytes.
bool ChunkDecoder::take_line(std::string& buffer, std::size_t bound, std::string_view& line) {
  const auto end = buffer.find('\n', at_);
  const bool whole = end != std::string::npos;
  at_ = whole ? end + 1 : buffer.size();
  const auto length = (whole ? end : buffer.size()) - line_begin_;
  const auto malformed = part_ == Part::trailer ? ParseError::bad_trailer : ParseError::bad_chunk;
  if (length > 1 && length - 1 > bound)
    return fail(part_ == Part::trailer ? ParseError::field_too_large : ParseError::bad_chunk);
  if (!whole) return false;
  line = std::string_view{buffer}.substr(line_begin_, length);
  if (line.empty() || line.find('\r') != line.size() - 1) return fail(malformed);
  line.remove_suffix(1);
  line_begin_ = at_;
  return true;
}

bool ChunkDecoder::take_size_line(std::string& buffer, const Limits& limits) {
  std::string_view line;
  if (!take_line(buffer, kMaxSizeDigits + kMaxExtensionSize, line)) return false;
  if (const auto error = judge_size_line(line, limits); error != ParseError::none) return fail(error);
  part_ = chunk_left_ > 0 ? Part::data : Part::trailer;
  return true;
}

/// Hex digits only, and not too many; neither sign nor "0x" nor spaces. Sets chunk_left_.
ParseError ChunkDecoder::judge_size_line(std::string_view line, const Limits& limits) {
  const auto digits = std::min(line.size(), line.find_first_not_of("0123456789abcdefABCDEF"));
  if (digits == 0 || digits > kMaxSizeDigits) return ParseError::bad_chunk;
  const auto extension = line.substr(digits);
  if (extension.size() > kMaxExtensionSize || !is_chunk_extension(extension)) return ParseError::bad_chunk;
  chunk_left_ = 0;
  for (const char digit : line.substr(0, digits))
    chunk_left_ = chunk_left_ * 16 + static_cast<std::size_t>(hex_value(digit));
  if (chunk_left_ > limits.max_body_size - announced_) return ParseError::body_too_large;
  announced_ += chunk_left_;
  extension_size_ += extension.size();
  return extension_size_ <= announced_ + kMaxExtensionExcess ? ParseError::none : ParseError::bad_chunk;
}

bool ChunkDecoder::take_data(std::string& buffer) {
  const auto size = std::min(chunk_left_, buffer.size() - at_);
  std::copy_n(buffer.begin() + static_cast<std::ptrdiff_t>(at_), size,
              buffer.begin() + static_cast<std::ptrdiff_t>(body_end_));
  body_end_ += size;
  at_ += size;
  chunk_left_ -= size;
  line_begin_ = at_;
  if (chunk_left_ > 0) return false;
  part_ = Part::data_end;
  return true;
}

bool ChunkDecoder::take_data_end(const std::string& buffer) {
  if (buffer.size() - at_ < 2) return false;
  if (buffer.compare(at_, 2, "\r\n") != 0) return fail(ParseError::bad_chunk);
  at_ += 2;
  line_begin_ = at_;
  part_ = Part::size_line;
  return true;
}

bool ChunkDecoder::take_trailer_line(std::string& buffer, const Limits& limits) {
  std::string_view line;
  if (!take_line(buffer, limits.max_field_size, line)) return false;
  if (line.empty()) {
    trailers_.finish();
    state_ = State::complete;
    return false;
  }
  const auto error = trailers_.take(line, limits);
  return error == ParseError::none || fail(error);
}

/// Drops the framing that has been consumed: one-byte chunks must not cost the memory of their extensions.
void ChunkDecoder::compact(std::string& buffer) {
  const auto garbage = line_begin_ - body_end_;
  buffer.erase(body_end_, garbage);
  line_begin_ -= garbage;
  at_ -= garbage;
}

void ChunkDecoder::drop_body(std::string& buffer) {
  const auto size = body_end_ - begin_;
  buffer.erase(begin_, size);
  body_end_ -= size;
  line_begin_ -= size;
  at_ -= size;
}

void ChunkDecoder::move_down(std::size_t size) noexcept {
  begin_ -= size;
  body_end_ -= size;
  line_begin_ -= size;
  at_ -= size;
}

bool ChunkDecoder::fail(ParseError error) noexcept {
  state_ = State::failed;
  error_ = error;
  return false;
}

}  // namespace indrik::http
