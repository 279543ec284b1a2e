#include "http/forwarded.h"

#include <array>

#include "base/strings.h"
#include "http/characters.h"

namespace indrik::http {
namespace {

constexpr auto kNames =
    std::to_array<std::string_view>({"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
                                     "X-Forwarded-Port", "X-Forwarded-Prefix", "SCRIPT_NAME"});

/// Of a value without quotes: more than a token may have, but nothing that separates.
constexpr CharacterSet kBareCharacters{
    [](unsigned char c) { return kTokenCharacters.contains(static_cast<char>(c)) || is_one_of(c, ":[]"); }};

/// RFC 7239 has four; an element with more than this tells nothing that anybody asked for.
constexpr std::size_t kMostPairs = 16;

/// Walks one field's value from left to right.
class ElementReader {
 public:
  ElementReader(std::string_view value, std::vector<ForwardedElement>& elements) noexcept
      : rest_{value}, elements_{elements} {}

  bool read() {
    while (true) {
      if (!read_element()) return false;
      skip_spaces();
      if (rest_.empty()) return true;
      if (!take(',')) return false;
    }
  }

 private:
  /// One of nothing but separators is no hop (RFC 9110 5.6.1.2).
  bool read_element() {
    ForwardedElement element;
    seen_.clear();
    do {
      skip_spaces();
      if (rest_.empty() || rest_.front() == ',' || rest_.front() == ';') continue;
      if (!read_pair(element)) return false;
      skip_spaces();
    } while (take(';'));
    if (!seen_.empty()) elements_.push_back(std::move(element));
    return true;
  }

  bool read_pair(ForwardedElement& element) {
    const auto name = take_while(kTokenCharacters);
    if (name.empty() || !take('=') || seen_.size() == kMostPairs) return false;
    for (const auto before : seen_)
      if (equals_ignoring_case(name, before)) return false;
    seen_.push_back(name);
    return read_value(value_of(element, name));
  }

  std::string& value_of(ForwardedElement& element, std::string_view name) noexcept {
    if (equals_ignoring_case(name, "for")) return element.node;
    if (equals_ignoring_case(name, "proto")) return element.proto;
    if (equals_ignoring_case(name, "host")) return element.host;
    return ignored_;
  }

  bool read_value(std::string& value) {
    value.clear();
    if (take('"')) return read_quoted(value);
    value = take_while(kBareCharacters);
    return !value.empty();
  }

  bool read_quoted(std::string& value) {
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c == '\\') {
        if (rest_.empty()) return false;
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      value += c;
    }
    return false;
  }

  void skip_spaces() noexcept {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  bool take(char c) noexcept {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view take_while(const CharacterSet& set) noexcept {
    std::size_t size = 0;
    while (size < rest_.size() && set.contains(rest_[size])) ++size;
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  std::vector<ForwardedElement>& elements_;
  std::vector<std::string_view> seen_;  ///< names of the element being read
  std::string ignored_;
};

}  // namespace

std::optional<ForwardedField> forwarded_field(std::string_view name) noexcept {
  for (std::size_t at = 0; at < kNames.size(); ++at)
    if (equals_ignoring_case(name, kNames[at])) return static_cast<ForwardedField>(at);
  return std::nullopt;
}

Result<ForwardedFields> ForwardedFields::parse(std::span<const std::string> names) {
  ForwardedFields fields;
  for (const auto& name : names) {
    const auto field = forwarded_field(name);
    if (!field)
      return fail(Error::format("'{}' tells of no client; what does is {}", escaped(name), fmt::join(kNames, ", ")));
    fields.add(*field);
  }
  return fields;
}

bool parse_forwarded(std::string_view value, std::vector<ForwardedElement>& elements) {
  return ElementReader{value, elements}.read();
}

}  // namespace indrik::http
