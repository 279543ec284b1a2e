#include "process/title.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace indrik::process {
namespace {

/// Where the kernel put the arguments, and right behind them the environment: proc_pid_cmdline(5) shows it from the
/// beginning, and goes on into the environment where the arguments' last byte is no NUL.
struct Room {
  char* begin = nullptr;
  char* arguments_end = nullptr;
  char* end = nullptr;
};
Room room;

/// The end of the strings that follow each other in memory without a gap.
char* end_of(char** strings, char* begin) noexcept {
  char* end = begin;
  for (; *strings != nullptr && *strings == end; ++strings) end += ::strlen(*strings) + 1;
  return end;
}

/// The copies that environ(7) goes on with. Never destroyed: libraries read them in their destructors, after those of
/// our statics. Kept here because setenv(3) and unsetenv(3) forget the ones that they replace.
union Environment {
  Environment() : variables{} {}
  ~Environment() {}  // NOLINT(modernize-use-equals-default): that would be a deleted one
  struct {
    std::vector<std::string> texts;
    std::vector<char*> pointers;
  } variables;
};
Environment moved;

/// setenv(3) and getenv(3) go on working.
void move_environment() {
  auto& [texts, pointers] = moved.variables;
  for (char** variable = environ; *variable != nullptr; ++variable) texts.emplace_back(*variable);
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  environ = pointers.data();
}

}  // namespace

void prepare_title(int argc, char** argv) {
  if (argc < 1 || room.begin != nullptr) return;
  room.begin = argv[0];
  room.arguments_end = end_of(argv, room.begin);
  room.end = end_of(environ, room.arguments_end);
  move_environment();
}

void set_title(std::string_view title, std::string_view name) noexcept {
  if (room.begin == nullptr) return;
  const auto size = std::min(title.size(), static_cast<std::size_t>(room.end - room.begin) - 1);
  std::copy_n(title.begin(), size, room.begin);
  // The rest of the arguments goes; of the environment no more than the title needs.
  std::fill(room.begin + size, std::max(room.begin + size + 1, room.arguments_end), '\0');
  char short_name[16] = "";
  std::copy_n(name.begin(), std::min(name.size(), sizeof short_name - 1), short_name);
  ::prctl(PR_SET_NAME, short_name);
}

}  // namespace indrik::process
