#include <string>
#include <string_view>

#include "control/answer.h"
#include "control/request.h"
#include "fuzz/fuzz_input.h"

// Input: what comes in at the control socket, and what indrikctl hears. A request that is accepted is one of those that
// we write; one that is not is refused in printable words; and any answer that is understood is written as one line
// that is understood likewise.

using indrik::fuzz::demand;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace indrik::control;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto request = parse_request(text);
  if (request) {
    const auto line = request_line(*request);
    demand(text == line.substr(0, line.size() - 1) || text == line.substr(0, line.size() - 1) + '\r');
  } else {
    for (const char c : request.error().text()) demand(c >= ' ' && c <= '~');
  }

  const auto answer = decode(text);
  if (!answer) return 0;
  const auto line = encode(*answer);
  demand(line.find('\n') == line.size() - 1);
  const auto again = decode(std::string_view{line}.substr(0, line.size() - 1));
  demand(again && again->outcome == answer->outcome && again->text == answer->text && encode(*again) == line);
  return 0;
}
