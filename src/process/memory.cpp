#include "process/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/fd.h"

namespace indrik::process {

Result<std::size_t> resident_memory() {
  const Fd file{::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)};
  if (!file) return fail(Error::from_errno(errno, "open /proc/self/statm"));
  char text[128];
  const ssize_t size = ::read(file.get(), text, sizeof text - 1);
  if (size < 0) return fail(Error::from_errno(errno, "read /proc/self/statm"));
  text[size] = '\0';
  const char* const second = std::strchr(text, ' ');  // proc(5): size, resident, ...
  if (second == nullptr) return fail(Error{"/proc/self/statm has no resident pages"});
  const std::size_t pages = std::strtoull(second, nullptr, 10);
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void release_free_memory() noexcept { ::malloc_trim(0); }

}  // namespace indrik::process
