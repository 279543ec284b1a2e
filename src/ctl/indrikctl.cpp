#include "ctl/indrikctl.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "control/answer.h"
#include "control/caller.h"
#include "ctl/command_line.h"
#include "ctl/status_text.h"

namespace indrik::ctl {
namespace {

int complain(Exit code, std::string_view sentence) {
  std::fprintf(stderr, "indrikctl: %.*s\n", static_cast<int>(sentence.size()), sentence.data());
  return static_cast<int>(code);
}

int print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return written ? static_cast<int>(Exit::ok) : complain(Exit::failed, "stdout cannot be written");
}

int report(const control::Answer& answer) {
  if (answer.outcome != control::Outcome::ok) return complain(Exit::failed, answer.text);
  return print(answer.server ? status_text(*answer.server) : answer.text + '\n');
}

int ask(const CommandLine& line) {
  const auto deadline = line.timeout ? Clock::now() + *line.timeout : TimePoint::max();
  auto caller = control::Caller::connect(line.socket, deadline);
  if (!caller) return complain(Exit::not_reached, caller.error().text());
  const auto said = caller->ask(line.request);
  if (!said) return complain(Exit::not_reached, said.error().text());
  const auto answer = control::decode(*said);
  if (!answer) return complain(Exit::not_reached, answer.error().text());
  const bool stopped = line.request.command == control::Command::stop && answer->outcome == control::Outcome::ok;
  if (stopped)
    if (const auto gone = caller->await_end(); !gone) return complain(Exit::not_reached, gone.error().text());
  if (!line.json) return report(*answer);
  const int printed = print(*said + '\n');
  return answer->outcome == control::Outcome::ok ? printed : static_cast<int>(Exit::failed);
}

}  // namespace

int run(int argc, const char* const* argv) {
  const char* socket = std::getenv("INDRIK_CONTROL_SOCKET");
  const auto line = read_command_line(argc, argv, socket != nullptr ? socket : "");
  if (!line) return complain(Exit::wrong_usage, line.error().text());
  return line->text.empty() ? ask(*line) : print(line->text);
}

}  // namespace indrik::ctl
