#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "fiber/blocking_call.h"
#include "fiber/hook_families.h"
#include "fiber/real_call.h"
#include "fiber/streams.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 2> kHooked{"sendfile", "sendfile64"};

constinit RealCall<ssize_t(int, int, off_t*, std::size_t)> real_sendfile{"sendfile"};

constexpr std::size_t kMost = 0x7ffff000;  // sendfile(2)

/// Where the file is read from, and where that is written down: in the caller's variable, or in the file itself.
class Place {
 public:
  Place(int file, off_t* offset) noexcept
      : file_{file}, offset_{offset}, at_{offset != nullptr ? *offset : ::lseek(file, 0, SEEK_CUR)} {}
  bool is_known() const noexcept { return at_ >= 0; }
  off_t at() const noexcept { return at_; }
  void advance(ssize_t bytes) noexcept {
    at_ += bytes;
    if (offset_ != nullptr)
      *offset_ = at_;
    else
      ::lseek(file_, at_, SEEK_SET);
  }

 private:
  int file_;
  off_t* offset_;
  off_t at_;
};

/// sendfile(2) has no way not to wait but O_NONBLOCK, which is not ours to set: the bytes are copied instead.
ssize_t send_copy(int out, int file, off_t* offset, std::size_t size) noexcept {
  std::array<std::byte, 16 * 1024> piece;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by pread
  const int saved_errno = errno;
  Place place{file, offset};
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(file, piece.data(), std::min(size - done, piece.size()), place.at());
    const ssize_t sent = got > 0 ? ::write(out, piece.data(), static_cast<std::size_t>(got)) : got;
    if (sent < 0 && done == 0) return -1;
    if (sent <= 0) break;
    place.advance(sent);
    done += static_cast<std::size_t>(sent);
    if (sent < got) break;
  }
  errno = saved_errno;
  return static_cast<ssize_t>(done);
}

/// Else the call does not wait for the one that takes the bytes, or says what is wrong.
bool waits_for(int out, int file, const off_t* offset) noexcept {
  const int flags = ::fcntl(out, F_GETFL);
  if (flags < 0 || (flags & (O_NONBLOCK | O_APPEND)) != 0 || (offset != nullptr && *offset < 0)) return false;
  return kind_of(out) == Kind::stream && kind_of(file) == Kind::file;
}

}  // namespace

SymbolNames sendfile_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

ssize_t sendfile(int out, int file, off_t* offset, std::size_t size) noexcept {
  if (!may_park() || size == 0 || !waits_for(out, file, offset)) return real_sendfile(out, file, offset, size);
  return send_copy(out, file, offset, std::min(size, kMost));
}

ssize_t sendfile64(int out, int file, off64_t* offset, std::size_t size) noexcept {
  return sendfile(out, file, offset, size);
}

}  // extern "C"
