#pragma once

#include <cstdint>
#include <ctime>
#include <string_view>

#include "http/request.h"

namespace indrik::http {

/// What tells one version of a representation from another (RFC 9110 8.8). The tag has its quotes.
struct Validators {
  std::string_view tag;
  std::time_t modified = 0;
};

enum class Condition : std::uint8_t {
  met,           ///< answer as if there were none
  not_modified,  ///< 304: the client has this version
  failed,        ///< 412
};

/// If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in the precedence of RFC 9110 13.2.2. For GET and
/// HEAD of something that exists. Several lines of the tags' fields are one list; a date that is none, or that comes
/// twice, is ignored (13.1.3, 13.1.4). `now` decides the century of dates with two digits.
Condition judge_conditions(const Request& request, const Validators& current, std::time_t now) noexcept;

/// Whether Range counts: there is no If-Range, or it names exactly this version (RFC 9110 13.1.5), by a strong tag or
/// by its date. A file that was changed within the last second has no date that is a strong validator (8.8.2.2).
bool range_applies(const Request& request, const Validators& current, std::time_t now) noexcept;

/// The value of a field that comes exactly once; none where it does not come, or comes twice.
std::optional<std::string_view> only_field(const Request& request, std::string_view name) noexcept;

}  // namespace indrik::http
