#include "fiber/streams.h"

#include <linux/limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fiber/blocking_call.h"
#include "fiber/buffers.h"
#include "fiber/file_offload.h"
#include "fiber/offload.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

constinit RealCall<int(pollfd*, nfds_t, int)> real_poll{"poll"};
constinit RealCall<ssize_t(int, const iovec*, int)> real_readv{"readv"};
constinit RealCall<ssize_t(int, const iovec*, int)> real_writev{"writev"};
constinit RealCall<ssize_t(int, const iovec*, int, off_t, int)> real_preadv2{"preadv2"};
constinit RealCall<ssize_t(int, const iovec*, int, off_t, int)> real_pwritev2{"pwritev2"};

constexpr off_t kWhereItStands = -1;  // preadv2(2)

/// The kernel, or what stands behind the descriptor, does not know RWF_NOWAIT; Linux 6.4 is the first whose pipes do.
bool knows_no_nowait() noexcept { return errno == EOPNOTSUPP || errno == ENOSYS; }

/// Whether the call itself, which would block, may be made now: else errno is EAGAIN. What is non-blocking answers for
/// itself.
bool is_ready(int descriptor, short events) noexcept {
  pollfd state{.fd = descriptor, .events = events, .revents = 0};
  if (real_poll(&state, nfds_t{1}, 0) != 0) return true;
  if (!BlockingCall{descriptor, events}.is_blocking()) return true;
  errno = EAGAIN;
  return false;
}

ssize_t read_at_once(int descriptor, const iovec* buffers, int count) noexcept {
  const ssize_t done = real_preadv2(descriptor, buffers, count, kWhereItStands, RWF_NOWAIT);
  if (done >= 0 || !knows_no_nowait()) return done;
  // Somebody else may take what is there before we do, and then this blocks: no other call would tell.
  return is_ready(descriptor, POLLIN) ? real_readv(descriptor, buffers, count) : -1;
}

ssize_t write_at_once(int descriptor, const iovec* buffers, int count) noexcept {
  const ssize_t done = real_pwritev2(descriptor, buffers, count, kWhereItStands, RWF_NOWAIT);
  if (done >= 0 || !knows_no_nowait()) return done;
  if (!is_ready(descriptor, POLLOUT)) return -1;
  const std::span all{buffers, static_cast<std::size_t>(count)};
  if (total_size(all) <= PIPE_BUF) return real_writev(descriptor, buffers, count);  // atomic, pipe(7)
  RestOfBuffers first{all, 0, PIPE_BUF};  // a pipe that is ready takes that much
  return real_writev(descriptor, first.data(), static_cast<int>(first.size()));
}

}  // namespace

Kind kind_of(int descriptor) noexcept {
  const int saved_errno = errno;
  struct stat status {};
  const bool known = ::fstat(descriptor, &status) == 0;
  const bool device = known && S_ISCHR(status.st_mode) && ::isatty(descriptor) == 0;
  errno = saved_errno;
  if (!known) return Kind::stream;
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISBLK(status.st_mode)) return Kind::file;
  return device ? Kind::device : Kind::stream;
}

ssize_t read_other(int descriptor, const iovec* buffers, int count) noexcept {
  if (kind_of(descriptor) == Kind::file) {
    if (!files_go_to_threads()) return real_readv(descriptor, buffers, count);
    return run_on_thread([=]() noexcept { return real_readv(descriptor, buffers, count); });
  }
  return call_until_done(descriptor, POLLIN, [=] { return read_at_once(descriptor, buffers, count); });
}

ssize_t write_other(int descriptor, const iovec* buffers, int count) noexcept {
  const auto kind = kind_of(descriptor);
  if (kind == Kind::file && files_go_to_threads())
    return run_on_thread([=]() noexcept { return real_writev(descriptor, buffers, count); });
  if (kind != Kind::stream) return real_writev(descriptor, buffers, count);
  const std::span all{buffers, static_cast<std::size_t>(count)};
  return call_until_whole(
      descriptor, POLLOUT, [=] { return total_size(all); },
      [=](std::size_t done) {
        if (done == 0) return write_at_once(descriptor, buffers, count);
        RestOfBuffers rest{all, done};
        return write_at_once(descriptor, rest.data(), static_cast<int>(rest.size()));
      });
}

}  // namespace indrik::fiber
