#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "fiber/file_offload.h"
#include "fiber/hook_families.h"
#include "fiber/offload.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

// What waits for a disk. They use the caller's buffers, and a disk answers: cancelling does not end them.
constexpr auto kHooked = std::to_array<std::string_view>(
    {"pread",     "pread64",         "__pread64", "__pread_chk", "__pread64_chk",   "pwrite",
     "pwrite64",  "__pwrite64",      "preadv",    "preadv64",    "preadv2",         "preadv64v2",
     "pwritev",   "pwritev64",       "pwritev2",  "pwritev64v2", "fsync",           "fdatasync",
     "syncfs",    "sync_file_range", "fallocate", "fallocate64", "posix_fallocate", "posix_fallocate64",
     "ftruncate", "ftruncate64"});

constinit RealCall<ssize_t(int, void*, std::size_t, off_t)> real_pread{"pread"};
constinit RealCall<ssize_t(int, void*, std::size_t, off_t, std::size_t)> real_pread_chk{"__pread_chk"};
constinit RealCall<ssize_t(int, const void*, std::size_t, off_t)> real_pwrite{"pwrite"};
constinit RealCall<ssize_t(int, const iovec*, int, off_t)> real_preadv{"preadv"};
constinit RealCall<ssize_t(int, const iovec*, int, off_t, int)> real_preadv2{"preadv2"};
constinit RealCall<ssize_t(int, const iovec*, int, off_t)> real_pwritev{"pwritev"};
constinit RealCall<ssize_t(int, const iovec*, int, off_t, int)> real_pwritev2{"pwritev2"};
constinit RealCall<int(int)> real_fsync{"fsync"};
constinit RealCall<int(int)> real_fdatasync{"fdatasync"};
constinit RealCall<int(int)> real_syncfs{"syncfs"};
constinit RealCall<int(int, off_t, off_t, unsigned)> real_sync_file_range{"sync_file_range"};
constinit RealCall<int(int, int, off_t, off_t)> real_fallocate{"fallocate"};
constinit RealCall<int(int, off_t, off_t)> real_posix_fallocate{"posix_fallocate"};
constinit RealCall<int(int, off_t)> real_ftruncate{"ftruncate"};

static_assert(sizeof(off_t) == 8);  // so that the ...64() are the same calls

template <class Function, class... Arguments>
auto on_thread(RealCall<Function>& real, Arguments... arguments) noexcept {
  if (!files_go_to_threads()) return real(arguments...);
  return run_on_thread([&]() noexcept { return real(arguments...); });
}

}  // namespace

SymbolNames file_data_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

// Fortified code's, and names that the headers do not declare.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): the names are libc's
ssize_t __pread64(int file, void* buffer, std::size_t size, off_t offset);
ssize_t __pread_chk(int file, void* buffer, std::size_t size, off_t offset, std::size_t room);
ssize_t __pread64_chk(int file, void* buffer, std::size_t size, off_t offset, std::size_t room);
ssize_t __pwrite64(int file, const void* buffer, std::size_t size, off_t offset);
// NOLINTEND(bugprone-reserved-identifier)
}

extern "C" {

using namespace indrik::fiber;

ssize_t pread(int file, void* buffer, std::size_t size, off_t offset) {
  return on_thread(real_pread, file, buffer, size, offset);
}
ssize_t pread64(int, void*, std::size_t, off_t) __attribute__((alias("pread")));
ssize_t __pread64(int, void*, std::size_t, off_t) __attribute__((alias("pread")));

ssize_t __pread_chk(int file, void* buffer, std::size_t size, off_t offset, std::size_t room) {
  return on_thread(real_pread_chk, file, buffer, size, offset, room);
}
ssize_t __pread64_chk(int, void*, std::size_t, off_t, std::size_t) __attribute__((alias("__pread_chk")));

ssize_t pwrite(int file, const void* buffer, std::size_t size, off_t offset) {
  return on_thread(real_pwrite, file, buffer, size, offset);
}
ssize_t pwrite64(int, const void*, std::size_t, off_t) __attribute__((alias("pwrite")));
ssize_t __pwrite64(int, const void*, std::size_t, off_t) __attribute__((alias("pwrite")));

ssize_t preadv(int file, const iovec* buffers, int count, off_t offset) {
  return on_thread(real_preadv, file, buffers, count, offset);
}
ssize_t preadv64(int, const iovec*, int, off_t) __attribute__((alias("preadv")));

ssize_t preadv2(int file, const iovec* buffers, int count, off_t offset, int flags) {
  return on_thread(real_preadv2, file, buffers, count, offset, flags);
}
ssize_t preadv64v2(int, const iovec*, int, off_t, int) __attribute__((alias("preadv2")));

ssize_t pwritev(int file, const iovec* buffers, int count, off_t offset) {
  return on_thread(real_pwritev, file, buffers, count, offset);
}
ssize_t pwritev64(int, const iovec*, int, off_t) __attribute__((alias("pwritev")));

ssize_t pwritev2(int file, const iovec* buffers, int count, off_t offset, int flags) {
  return on_thread(real_pwritev2, file, buffers, count, offset, flags);
}
ssize_t pwritev64v2(int, const iovec*, int, off_t, int) __attribute__((alias("pwritev2")));

int fsync(int file) { return on_thread(real_fsync, file); }
int fdatasync(int file) { return on_thread(real_fdatasync, file); }
int syncfs(int file) noexcept { return on_thread(real_syncfs, file); }

int sync_file_range(int file, off_t offset, off_t size, unsigned flags) {
  return on_thread(real_sync_file_range, file, offset, size, flags);
}

int fallocate(int file, int mode, off_t offset, off_t size) {
  return on_thread(real_fallocate, file, mode, offset, size);
}
int fallocate64(int, int, off_t, off_t) __attribute__((alias("fallocate")));

int posix_fallocate(int file, off_t offset, off_t size) { return on_thread(real_posix_fallocate, file, offset, size); }
int posix_fallocate64(int, off_t, off_t) __attribute__((alias("posix_fallocate")));

int ftruncate(int file, off_t size) noexcept { return on_thread(real_ftruncate, file, size); }
int ftruncate64(int, off_t) noexcept __attribute__((alias("ftruncate")));

}  // extern "C"
