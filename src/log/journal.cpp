#include "log/journal.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>

namespace indrik::log {

bool is_stream(std::string_view device_and_inode, int fd) noexcept {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return false;
  std::array<char, 48> text{};  // two numbers of 20 digits at most
  const auto end = fmt::format_to_n(text.data(), text.size(), "{}:{}", status.st_dev, status.st_ino).out;
  return device_and_inode == std::string_view{text.data(), end};
}

bool is_journal(int fd) noexcept {
  // The variable alone proves nothing: it is inherited by those whose stderr is something else by now.
  const char* stream = std::getenv("JOURNAL_STREAM");
  return stream != nullptr && is_stream(stream, fd);
}

}  // namespace indrik::log
