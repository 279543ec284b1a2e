#include "http/response.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "http/characters.h"

namespace indrik::http {

namespace {

// Framing and connection are the server's; a second Date or Server would contradict the first.
constexpr auto kReserved = std::to_array<std::string_view>(
    {"Connection", "Content-Length", "Date", "Keep-Alive", "Server", "Transfer-Encoding", "Upgrade"});

bool is_reserved(std::string_view name) noexcept {
  return std::any_of(kReserved.begin(), kReserved.end(), [name](auto r) { return equals_ignoring_case(r, name); });
}

}  // namespace

Response::FieldError Response::add_field(std::string_view name, std::string_view value) {
  if (!is_token(name)) return FieldError::bad_name;
  if (!kFieldValueCharacters.contains_all(value)) return FieldError::bad_value;
  if (is_reserved(name)) return FieldError::reserved;
  field_lines_.append(name).append(": ").append(trim(value)).append("\r\n");
  if (equals_ignoring_case(name, "Content-Type")) has_content_type_ = true;
  return FieldError::none;
}

void Response::set_plain(int status, std::string_view text) {
  reset();
  status_ = status;
  body_.assign(text);
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
}

}  // namespace indrik::http
