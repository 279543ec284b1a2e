#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace indrik::http {

/// Which bytes may stand where, as tables: the inner loops of reading a head.
class CharacterSet {
 public:
  template <class Predicate>
  explicit constexpr CharacterSet(Predicate belongs) {
    for (unsigned byte = 0; byte < 256; ++byte) contains_[byte] = belongs(static_cast<unsigned char>(byte));
  }
  constexpr bool contains(char c) const noexcept { return contains_[static_cast<unsigned char>(c)]; }
  bool contains_all(std::string_view text) const noexcept {
    for (const char c : text)
      if (!contains(c)) return false;
    return true;
  }

 private:
  std::array<bool, 256> contains_{};
};

constexpr bool is_digit(unsigned char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alphanumeric(unsigned char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_one_of(unsigned char c, std::string_view characters) noexcept {
  return characters.find(static_cast<char>(c)) != std::string_view::npos;
}

/// tchar, RFC 9110 5.6.2: methods and field names.
inline constexpr CharacterSet kTokenCharacters{
    [](unsigned char c) { return is_alphanumeric(c) || is_one_of(c, "!#$%&'*+-.^_`|~"); }};

/// field-content with HTAB and obs-text, RFC 9110 5.5: everything but controls.
inline constexpr CharacterSet kFieldValueCharacters{
    [](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); }};

/// Visible ASCII without '#' (no target has a fragment) and what every browser escapes (WHATWG URL, query
/// percent-encode set). RFC 3986 allows less still, but browsers send "|", "^", "[" and their like as they stand.
inline constexpr CharacterSet kTargetCharacters{
    [](unsigned char c) { return c > 0x20 && c < 0x7f && !is_one_of(c, "\"#<>"); }};

/// reg-name, RFC 3986 3.2.2, but for escapes, and without the comma: "a,b" is what a proxy makes of two Host fields.
inline constexpr CharacterSet kHostCharacters{
    [](unsigned char c) { return is_alphanumeric(c) || is_one_of(c, "-._~!$&'()*+;="); }};

/// The value of a hexadecimal digit, -1 for every other byte.
constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Whether kFieldValueCharacters has all of them, eight at once: values are most of what clients send.
inline bool is_field_value(std::string_view text) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = kOnes * 0x80;
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    // A byte's high bit where it is below 0x20, or 0x7f; or, wrongly, beside such a byte: then each is looked at.
    const auto del = word ^ (kOnes * 0x7f);
    const auto suspects = (((word - kOnes * 0x20) & ~word) | ((del - kOnes) & ~del)) & kHighs;
    if (suspects != 0 && !kFieldValueCharacters.contains_all(text.substr(0, sizeof word))) return false;
    text.remove_prefix(sizeof word);
  }
  return kFieldValueCharacters.contains_all(text);
}

/// RFC 9110 5.6.2: one tchar at least.
inline bool is_token(std::string_view text) noexcept { return !text.empty() && kTokenCharacters.contains_all(text); }

}  // namespace indrik::http
