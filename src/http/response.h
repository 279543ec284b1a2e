#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/body_part.h"

namespace indrik::http {

/// The answer to one request, filled by a handler. Kept and reused by the engine: reset() keeps the memory of an answer
/// of usual size. Framing and connection are the server's: Connection, Content-Length, Date, Keep-Alive, Server,
/// Transfer-Encoding and Upgrade cannot be set by a handler.
class Response {
 public:
  enum class FieldError { none, bad_name, bad_value, reserved };

  /// 200 to 599; anything else becomes 500 when the answer is written.
  void set_status(int status) noexcept { status_ = status; }
  int status() const noexcept { return status_; }

  /// Appends a field line. The name must be a token (RFC 9110 5.1), the value free of CR, LF, NUL and other controls
  /// but HTAB (5.5): what is refused is not added.
  FieldError add_field(std::string_view name, std::string_view value);
  /// All field lines so far, each "Name: value\r\n".
  std::string_view field_lines() const noexcept { return field_lines_; }
  bool has_content_type() const noexcept { return has_content_type_; }

  void append_body(std::string_view bytes) { body_.append(bytes); }
  std::string_view body() const noexcept { return body_; }

  /// The body goes on with this, after body(). It is announced with the rest and sent by whoever owns the socket.
  void append_part(BodyPart part) { parts_.push_back(std::move(part)); }
  bool has_parts() const noexcept { return !parts_.empty(); }
  /// They are the caller's from now on, and no part of the body any more.
  std::vector<BodyPart> take_parts() noexcept { return std::exchange(parts_, {}); }
  /// Of body() and all parts, in bytes.
  std::uint64_t body_size() const noexcept;

  /// How many bytes the body will have that follows in pieces; without it they go in chunks.
  void declare_length(std::uint64_t size) noexcept { declared_length_ = size; }
  std::optional<std::uint64_t> declared_length() const noexcept { return declared_length_; }
  /// A field line after a body that goes in chunks; dropped with any other. As add_field(); what concerns the framing,
  /// the content or the control of a message is reserved (RFC 9110 6.5.1).
  FieldError add_trailer(std::string_view name, std::string_view value);
  std::string_view trailer_lines() const noexcept { return trailer_lines_ ? *trailer_lines_ : std::string_view{}; }

  /// A plain answer with a short text body, whatever was there before: 404, 500, …
  void set_plain(int status, std::string_view text);
  void reset() noexcept;

 private:
  int status_ = 200;
  bool has_content_type_ = false;
  std::string field_lines_;
  std::string body_;
  std::vector<BodyPart> parts_;
  std::unique_ptr<std::string> trailer_lines_;  ///< made for the first, which few answers have
  std::optional<std::uint64_t> declared_length_;
};

/// "Not Found" for 404; "Unknown" for a status without registered words (RFC 9110 15, IANA's registry).
std::string_view reason_phrase(int status) noexcept;

}  // namespace indrik::http
