#include "http/trailers.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/strings.h"
#include "http/line_rules.h"

namespace indrik::http {

namespace {

/// Framing and routing.
constexpr auto kRefused = std::to_array<std::string_view>({"Content-Length", "Host", "Transfer-Encoding"});

constexpr auto kDropped = std::to_array<std::string_view>({
    // of the connection
    "Connection",
    "HTTP2-Settings",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Upgrade",
    // controls and conditions, RFC 9110 10.1 and 13.1
    "Cache-Control",
    "Expect",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Max-Forwards",
    "Pragma",
    "Range",
    // credentials
    "Authorization",
    "Cookie",
    "Proxy-Authorization",
    // what the content is
    "Content-Encoding",
    "Content-Range",
    "Content-Type",
    // what a proxy in front says of the client
    "Forwarded",
    "X-Real-IP",
});
constexpr std::string_view kDroppedPrefix = "X-Forwarded-";

/// Without case, and with '_' for '-': who makes variables of fields (CGI) cannot tell them apart afterwards.
bool is_name(std::string_view text, std::string_view name) noexcept {
  return std::equal(text.begin(), text.end(), name.begin(), name.end(),
                    [](char a, char b) { return to_lower(a == '_' ? '-' : a) == to_lower(b); });
}

template <std::size_t size>
bool has(const std::array<std::string_view, size>& names, std::string_view name) noexcept {
  return std::any_of(names.begin(), names.end(), [name](auto one) { return is_name(name, one); });
}

bool is_dropped(std::string_view name) noexcept {
  return has(kDropped, name) || is_name(name.substr(0, kDroppedPrefix.size()), kDroppedPrefix);
}

}  // namespace

struct Trailers::Section {
  std::size_t lines = 0;  ///< all that came, dropped ones too
  std::size_t bytes = 0;  ///< of those, with their CR LF
  std::string text;       ///< kept lines, each with an LF: the buffer they came in moves
  std::vector<Field> fields;
};

Trailers::Trailers() noexcept = default;
Trailers::~Trailers() = default;
Trailers::Trailers(Trailers&&) noexcept = default;
Trailers& Trailers::operator=(Trailers&&) noexcept = default;

ParseError Trailers::take(std::string_view line, const Limits& limits) {
  if (!section_) section_ = std::make_unique<Section>();
  section_->bytes += line.size() + 2;
  if (++section_->lines > limits.max_fields) return ParseError::too_many_fields;
  if (section_->bytes > limits.max_head_size) return ParseError::head_too_large;
  const auto name = line.substr(0, line.find(':'));
  if (judge_field_line(line) != ParseError::none || has(kRefused, name)) return ParseError::bad_trailer;
  if (!is_dropped(name)) section_->text.append(line).append("\n");
  return ParseError::none;
}

void Trailers::finish() {
  if (!section_) return;
  std::string_view rest = section_->text;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    const auto colon = line.find(':');
    section_->fields.push_back({.name = line.substr(0, colon), .value = trim(line.substr(colon + 1))});
    rest.remove_prefix(line.size() + 1);
  }
}

std::span<const Field> Trailers::fields() const noexcept {
  return section_ ? std::span<const Field>{section_->fields} : std::span<const Field>{};
}

std::size_t Trailers::held_memory() const noexcept {
  return section_ ? sizeof(Section) + section_->text.capacity() + section_->fields.capacity() * sizeof(Field) : 0;
}

}  // namespace indrik::http
