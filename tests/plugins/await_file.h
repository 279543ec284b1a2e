#pragma once

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

/// Blocks until there is such a file in its folder, which is there.
inline void await_file(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
  const int changes = ::inotify_init1(IN_CLOEXEC);
  if (::inotify_add_watch(changes, folder.c_str(), IN_CREATE | IN_MOVED_TO) < 0)
    throw std::system_error{errno, std::generic_category(), "watch " + folder.native()};
  std::array<char, 4096> ignored;
  while (!std::filesystem::exists(file))
    if (::read(changes, ignored.data(), ignored.size()) < 0 && errno != EINTR)
      throw std::system_error{errno, std::generic_category(), "wait for " + file.native()};
  ::close(changes);
}
