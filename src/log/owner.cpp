#include "log/owner.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"

namespace indrik::log {

Result<void> create_for(const Owner& owner, const std::string& path) {
  // O_EXCL follows no symbolic link.
  const Fd made{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0640)};
  if (!made && errno == EEXIST) return {};
  if (!made) return fail(Error::from_errno(errno, "make the log file {}", path));
  if (::fchown(made.get(), owner.user, owner.group) != 0)
    return fail(Error::from_errno(errno, "give the log file {} to user {}", path, owner.user));
  return {};
}

}  // namespace indrik::log
