#include "process/memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/fd.h"

namespace indrik::process {

Result<std::size_t> resident_memory() {
  const Fd file{::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)};
  if (!file) return fail(Error::from_errno(errno, "open /proc/self/statm"));
  char text[128];
  const ssize_t size = ::read(file.get(), text, sizeof text - 1);
  if (size < 0) return fail(Error::from_errno(errno, "read /proc/self/statm"));
  text[size] = '\0';
  std::size_t pages = 0;
  if (std::sscanf(text, "%*u %zu", &pages) != 1) return fail(Error{"/proc/self/statm has no resident pages"});
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace indrik::process
