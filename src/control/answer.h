#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "control/status.h"

namespace indrik::control {

/// refused: it was not tried.
enum class Outcome : std::uint8_t { ok, failed, refused };

/// What the master answers to a request.
struct Answer {
  Outcome outcome = Outcome::ok;
  std::string text{};              ///< a sentence; of a reload the very one that the log has
  std::uint32_t generation = 0;    ///< that serves from now on; 0: not said
  std::optional<Status> server{};  ///< of the request status
};

/// One line of JSON, with its end: {"status":"ok","text":"…"}, and with "generation" and "server" where they are there.
/// Bytes that are no UTF-8 are replaced.
std::string encode(const Answer& answer);

/// The other way, without the line's end. What is not there has its default; what is not known is passed over. Fails
/// where it is no such object.
Result<Answer> decode(std::string_view line);

}  // namespace indrik::control
