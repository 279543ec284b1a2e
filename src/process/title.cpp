#include "process/title.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

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

/// setenv(3) and getenv(3) go on working, with copies that are never freed: libraries read them in their destructors,
/// after those of our statics.
void move_environment() {
  std::size_t count = 0;
  while (environ[count] != nullptr) ++count;
  auto variables = std::make_unique<char*[]>(count + 1);
  for (std::size_t i = 0; i < count; ++i)
    if ((variables[i] = ::strdup(environ[i])) == nullptr) throw std::bad_alloc{};
  environ = variables.release();
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
