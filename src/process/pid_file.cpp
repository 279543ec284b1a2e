#include "process/pid_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

namespace indrik::process {
namespace {

/// Whether `path` still names the file that `fd` has open: its last owner may have removed it before we had the lock.
bool still_named(int fd, const std::filesystem::path& path) noexcept {
  struct stat ours {};
  struct stat named {};
  return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &named) == 0 && ours.st_dev == named.st_dev &&
         ours.st_ino == named.st_ino;
}

}  // namespace

Result<PidFile> PidFile::create(std::filesystem::path path) {
  Fd file;
  do {
    file.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!file) return fail(Error::from_errno(errno, "open pid file {}", path.native()));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)  // the kernel drops it when we die; workers close their copy
      return fail(Error::from_errno(errno, "lock pid file {} (another master running?)", path.native()));
  } while (!still_named(file.get(), path));
  const auto text = std::to_string(::getpid()) + '\n';
  if (::ftruncate(file.get(), 0) != 0 ||
      ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return fail(Error::from_errno(errno, "write pid file {}", path.native()));
  return PidFile{std::move(path), std::move(file)};
}

PidFile::PidFile(std::filesystem::path path, Fd file) noexcept
    : path_{std::move(path)}, file_{std::move(file)}, owner_{::getpid()} {}

Result<void> PidFile::rename_to(std::filesystem::path path) {
  if (::rename(path_.c_str(), path.c_str()) != 0)
    return fail(Error::from_errno(errno, "rename pid file {} to {}", path_.native(), path.native()));
  path_ = std::move(path);
  return {};
}

PidFile::~PidFile() {
  if (file_ && owner_ == ::getpid() && still_named(file_.get(), path_)) ::unlink(path_.c_str());
}

}  // namespace indrik::process
