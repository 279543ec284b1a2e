#include "http/response.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/strings.h"
#include "http/append.h"
#include "http/characters.h"

namespace indrik::http {

namespace {

// Framing and connection are the server's; a second Date or Server would contradict the first.
constexpr auto kReserved = std::to_array<std::string_view>(
    {"Connection", "Content-Length", "Date", "Keep-Alive", "Server", "Transfer-Encoding", "Upgrade"});

// Whoever reads trailers late, or merges them into the head, must not be told anything of this by them.
constexpr auto kNoTrailers = std::to_array<std::string_view>(
    {"Authorization", "Cache-Control", "Content-Encoding", "Content-Range", "Content-Type", "Expires", "Host",
     "Location", "Set-Cookie", "TE", "Trailer", "Vary", "WWW-Authenticate"});

bool is_one_of(std::span<const std::string_view> names, std::string_view name) noexcept {
  return std::any_of(names.begin(), names.end(), [name](auto other) { return equals_ignoring_case(other, name); });
}

Response::FieldError append_line(std::string_view name, std::string_view value, std::string& lines) {
  if (!is_token(name)) return Response::FieldError::bad_name;
  if (!is_field_value(value)) return Response::FieldError::bad_value;
  if (is_one_of(kReserved, name)) return Response::FieldError::reserved;
  append_all(lines, name, ": ", trim(value), "\r\n");
  return Response::FieldError::none;
}

/// What most answers have, and nobody need look at twice.
constexpr auto kUsualTypes =
    std::to_array<std::string_view>({"text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"});

bool is_usual_type(std::string_view name, std::string_view value) noexcept {
  return name == "Content-Type" && std::ranges::find(kUsualTypes, value) != kUsualTypes.end();
}

}  // namespace

Response::FieldError Response::add_field(std::string_view name, std::string_view value) {
  if (is_usual_type(name, value)) {
    append_all(field_lines_, "Content-Type: ", value, "\r\n");
    has_content_type_ = true;
    return FieldError::none;
  }
  const auto error = append_line(name, value, field_lines_);
  if (error == FieldError::none && equals_ignoring_case(name, "Content-Type")) has_content_type_ = true;
  return error;
}

Response::FieldError Response::add_trailer(std::string_view name, std::string_view value) {
  if (is_one_of(kNoTrailers, name)) return FieldError::reserved;
  if (!trailer_lines_) trailer_lines_ = std::make_unique<std::string>();
  return append_line(name, value, *trailer_lines_);
}

void Response::set_plain(int status, std::string_view text) {
  reset();
  status_ = status;
  body_.assign(text);
}

std::uint64_t Response::body_size() const noexcept {
  std::uint64_t size = body_.size();
  for (const auto& part : parts_) size += part.total();
  return size;
}

namespace {

/// Keeps the memory of an answer of usual size; one large answer must not cost its size for ever.
void clear_or_free(std::string& text) noexcept {
  constexpr std::size_t kKept = 64 * 1024;
  if (text.capacity() > kKept) text = {};
  text.clear();
}

}  // namespace

void Response::reset() noexcept {
  status_ = 200;
  has_content_type_ = false;
  clear_or_free(field_lines_);
  clear_or_free(body_);
  if (!parts_.empty()) parts_ = {};
  trailer_lines_.reset();
  declared_length_.reset();
}

}  // namespace indrik::http
