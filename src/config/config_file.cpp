#include "config/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "base/fd.h"

namespace indrik::config {

Result<std::string> read_config_file(const std::filesystem::path& path) {
  return read_text_file(path, "configuration file");
}

Result<std::string> read_text_file(const std::filesystem::path& path, std::string_view noun) {
  constexpr std::size_t kMost = 1 << 20;
  // O_NONBLOCK: opening a pipe that nobody writes to must not wait.
  const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (!file) return fail(Error::from_errno(errno, "{} {}", noun, path.native()));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail(Error::from_errno(errno, "stat {}", path.native()));
  if (!S_ISREG(status.st_mode))
    return fail(Error::format("{} {}: {}", noun, path.native(),
                              S_ISDIR(status.st_mode) ? Error::describe(EISDIR) : "Not a regular file"));
  std::string text;
  std::array<char, 16 * 1024> chunk;
  while (true) {
    const auto size = ::read(file.get(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(Error::from_errno(errno, "read {} {}", noun, path.native()));
    if (size == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
    if (text.size() > kMost) return fail(Error::format("{} {}: larger than 1 MiB", noun, path.native()));
  }
}

}  // namespace indrik::config
