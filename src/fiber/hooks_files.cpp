#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <string>

#include "base/fd.h"
#include "fiber/blocking_call.h"
#include "fiber/file_offload.h"
#include "fiber/hook_families.h"
#include "fiber/offload.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

constexpr auto kHooked =
    std::to_array<std::string_view>({"open", "open64", "__open", "__open64", "openat", "openat64", "__open_2",
                                     "__open64_2", "__openat_2", "__openat64_2", "creat", "creat64"});

constinit RealCall<int(const char*, int, ...)> real_open{"open"};
constinit RealCall<int(int, const char*, int, ...)> real_openat{"openat"};
constinit RealCall<int(const char*, int)> real_open_2{"__open_2"};
constinit RealCall<int(int, const char*, int)> real_openat_2{"__openat_2"};

/// open(2) may take for ever (a FIFO without its other end, a network's file system): a task that is cancelled leaves
/// it, and what it opens is closed again.
struct Opening {
  int folder = AT_FDCWD;
  std::string path;
  int flags = 0;
  mode_t mode = 0;
  Fd opened;
  void run() noexcept { opened = Fd{real_openat(folder, path.c_str(), flags, mode)}; }
};

int open_on_thread(int folder, const char* path, int flags, mode_t mode) {
  auto opening = std::make_unique<Opening>();
  opening->folder = folder;
  opening->path = path;
  opening->flags = flags;
  opening->mode = mode;
  if (run_until_cancelled(opening)) return opening->opened.release();
  errno = ECANCELED;
  return -1;
}

/// Nothing waits when a FIFO is opened with O_NONBLOCK, and a path alone (O_PATH) is no file.
bool is_for_thread(const char* path, int flags) noexcept {
  return path != nullptr && (flags & (O_NONBLOCK | O_PATH)) == 0 && files_go_to_threads();
}

bool has_mode(int flags) noexcept { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

int open_file(int folder, const char* path, int flags, mode_t mode) {
  if (is_for_thread(path, flags)) return open_on_thread(folder, path, flags, mode);
  return folder == AT_FDCWD ? real_open(path, flags, mode) : real_openat(folder, path, flags, mode);
}

// On 64-bit machines open64() is open(): every file is large. O_LARGEFILE means nothing there.
static_assert(sizeof(off_t) == 8);

mode_t mode_after(int flags, std::va_list& arguments) noexcept {
  return has_mode(flags) ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

SymbolNames files_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

// <fcntl.h> declares these for fortified code only. They stop a program that creates a file without a mode.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): the names are libc's
int __open(const char* path, int flags, ...);
int __open64(const char* path, int flags, ...);
int __open_2(const char* path, int flags);
int __open64_2(const char* path, int flags);
int __openat_2(int folder, const char* path, int flags);
int __openat64_2(int folder, const char* path, int flags);
// NOLINTEND(bugprone-reserved-identifier)
}

extern "C" {

using namespace indrik::fiber;

int open(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_after(flags, arguments);
  va_end(arguments);
  return open_file(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_after(flags, arguments);
  va_end(arguments);
  return open_file(folder, path, flags, mode);
}

int open64(const char*, int, ...) __attribute__((alias("open")));
int __open(const char*, int, ...) __attribute__((alias("open"), nonnull(1)));
int __open64(const char*, int, ...) __attribute__((alias("open"), nonnull(1)));
int openat64(int, const char*, int, ...) __attribute__((alias("openat")));

int creat(const char* path, mode_t mode) { return open_file(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char*, mode_t) __attribute__((alias("creat")));

int __open_2(const char* path, int flags) {
  if (has_mode(flags) || !is_for_thread(path, flags)) return real_open_2(path, flags);
  return open_on_thread(AT_FDCWD, path, flags, 0);
}
int __open64_2(const char*, int) __attribute__((alias("__open_2")));

int __openat_2(int folder, const char* path, int flags) {
  if (has_mode(flags) || !is_for_thread(path, flags)) return real_openat_2(folder, path, flags);
  return open_on_thread(folder, path, flags, 0);
}
int __openat64_2(int, const char*, int) __attribute__((alias("__openat_2")));

}  // extern "C"
