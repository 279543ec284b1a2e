#include "integration/support/command.h"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace indrik::test {

CommandResult run_command(const std::string& command) {
  std::string quoted = "timeout 60 sh -c '";
  for (const char c : command) quoted += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
  std::FILE* const pipe = ::popen((quoted + "' 2>&1 </dev/null").c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error{"popen: " + command};
  CommandResult result;
  std::array<char, 4096> bytes;
  while (const auto size = std::fread(bytes.data(), 1, bytes.size(), pipe)) result.output.append(bytes.data(), size);
  const int status = ::pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace indrik::test
