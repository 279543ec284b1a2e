#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace indrik::control {

/// What can be asked of a master at its control socket.
enum class Command : std::uint8_t { reload, status, stop };

struct Request {
  Command command = Command::status;
  bool now = false;  ///< stop: without finishing what is in flight

  bool operator==(const Request&) const = default;
};

/// A request's line is no longer, its end included.
inline constexpr std::size_t kLongestRequest = 256;

/// Reads one line without its end: "reload", "status", "stop" or "stop now". The error is a sentence for whoever asked;
/// what stands in it of the line is escaped.
Result<Request> parse_request(std::string_view line);

/// The line that is read as the same request, with its end.
std::string request_line(const Request& request);

}  // namespace indrik::control
