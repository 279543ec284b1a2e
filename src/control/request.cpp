#include "control/request.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace indrik::control {
namespace {

struct Line {
  std::string_view text;
  Request request;
};

constexpr auto kLines = std::to_array<Line>({
    {"reload", {.command = Command::reload}},
    {"status", {.command = Command::status}},
    {"stop", {.command = Command::stop}},
    {"stop now", {.command = Command::stop, .now = true}},
});

}  // namespace

Result<Request> parse_request(std::string_view line) {
  constexpr std::size_t kShown = 40;
  if (line.ends_with('\r')) line.remove_suffix(1);  // who types it into a tool for terminals
  const auto* found = std::find_if(kLines.begin(), kLines.end(), [&](const auto& one) { return one.text == line; });
  if (found != kLines.end()) return found->request;
  return fail(
      Error::format("\"{}\" is no request: reload, status, stop, or stop now", escaped(line.substr(0, kShown))));
}

std::string request_line(const Request& request) {
  const auto* found =
      std::find_if(kLines.begin(), kLines.end(), [&](const auto& one) { return one.request == request; });
  return std::string{found == kLines.end() ? kLines[1].text : found->text} + '\n';
}

}  // namespace indrik::control
