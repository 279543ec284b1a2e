#include "root_folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace static_files {
namespace {

/// Reading a pipe must not wait for its writer, and no terminal becomes ours.
constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
/// How often a look-up that someone's rename disturbed is begun anew.
constexpr int kAttempts = 8;

std::runtime_error refusal(const std::string& path, int code) {
  return std::runtime_error{"config key root: " + path + ": " + std::generic_category().message(code)};
}

}  // namespace

RootFolder::RootFolder(const std::string& path) : folder_{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)} {
  if (!folder_) throw refusal(path, errno);
  if (::faccessat(folder_.get(), ".", X_OK, AT_EACCESS) != 0) throw refusal(path, errno);
  // An older kernel says ENOSYS; a container's filter that does not know the call says EPERM, or ENOSYS.
  const indrik::Descriptor probe{open_by_kernel(".")};
  if (!probe && (errno == ENOSYS || errno == EPERM)) way_ = Way::by_hand;
}

Opened RootFolder::open(const std::string& path) const noexcept { return open(path, way_); }

Opened RootFolder::open(const std::string& path, Way way) const noexcept {
  Opened opened;
  const char* const name = path.empty() ? "." : path.c_str();
  opened.descriptor = indrik::Descriptor{way == Way::by_kernel ? open_by_kernel(name) : open_by_hand(name)};
  if (!opened.descriptor || ::fstat(opened.descriptor.get(), &opened.facts) != 0) {
    opened.error = errno;
    opened.descriptor = {};
  }
  return opened;
}

int RootFolder::open_by_kernel(const char* path) const noexcept {
  ::open_how how{};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 1;; ++attempt) {
    const long opened = ::syscall(SYS_openat2, folder_.get(), path, &how, sizeof how);
    if (opened >= 0 || errno != EAGAIN || attempt == kAttempts) return static_cast<int>(opened);
  }
}

/// Folder by folder, each found in the one before and never through a link: no name has a ".." in it, so that the walk
/// can only lead down.
int RootFolder::open_by_hand(std::string path) const noexcept {
  indrik::Descriptor folder;
  int at = folder_.get();
  for (std::size_t begin = 0;;) {
    const auto slash = path.find('/', begin);
    if (slash == path.npos) return ::openat(at, path.c_str() + begin, kFlags | O_NOFOLLOW);
    path[slash] = '\0';
    folder = indrik::Descriptor{::openat(at, path.c_str() + begin, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!folder) return -1;
    at = folder.get();
    begin = slash + 1;
  }
}

}  // namespace static_files
