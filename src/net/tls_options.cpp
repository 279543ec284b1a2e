#include "net/tls_options.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"

namespace indrik::net {

Result<TlsFile> TlsFile::read(const std::filesystem::path& path) {
  constexpr off_t kMost = 1024 * 1024;
  const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // a FIFO would make us wait
  if (!file) return fail(Error::from_errno(errno, "{}", path.native()));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return fail(Error::from_errno(errno, "{}", path.native()));
  if (!S_ISREG(info.st_mode)) return fail(Error::format("{}: no regular file", path.native()));
  if (info.st_size > kMost) return fail(Error::format("{}: larger than 1 MiB", path.native()));
  TlsFile read{.name = path.native()};
  read.is_open_to_others = (info.st_mode & (S_IRWXO | S_IWGRP)) != 0U;
  char buffer[16 * 1024];
  for (ssize_t size = 0; (size = ::read(file.get(), buffer, sizeof buffer)) != 0;) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(Error::from_errno(errno, "{}", path.native()));
    read.bytes.append(buffer, static_cast<std::size_t>(size));
    if (read.bytes.size() > static_cast<std::size_t>(kMost))
      return fail(Error::format("{}: larger than 1 MiB", path.native()));
  }
  if (read.bytes.empty()) return fail(Error::format("{}: the file is empty", path.native()));
  return read;
}

}  // namespace indrik::net
