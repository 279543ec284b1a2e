#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <array>

#include "fiber/blocking_call.h"
#include "fiber/file_offload.h"
#include "fiber/hook_families.h"
#include "fiber/offload.h"
#include "fiber/real_call.h"
#include "fiber/streams.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 3> kHooked{"splice", "tee", "vmsplice"};

constinit RealCall<decltype(::splice)> real_splice{"splice"};
constinit RealCall<decltype(::tee)> real_tee{"tee"};
constinit RealCall<decltype(::vmsplice)> real_vmsplice{"vmsplice"};
constinit RealCall<int(pollfd*, nfds_t, int)> real_poll{"poll"};

bool is_ready(int descriptor, short events) noexcept {
  pollfd state{.fd = descriptor, .events = events, .revents = 0};
  return real_poll(&state, nfds_t{1}, 0) != 0;
}

/// Of which kind a descriptor is, by fstat(2); leaves errno alone.
bool is_of(mode_t kind, int descriptor) noexcept {
  const int saved_errno = errno;
  struct stat status {};
  const bool known = ::fstat(descriptor, &status) == 0;
  errno = saved_errno;
  return known && (status.st_mode & S_IFMT) == kind;
}
bool is_pipe(int descriptor) noexcept { return is_of(S_IFIFO, descriptor); }
bool is_socket(int descriptor) noexcept { return is_of(S_IFSOCK, descriptor); }

/// What of both ends a call waits for, between attempts that do not.
class Ends {
 public:
  Ends(int in, int out) noexcept : in_{in}, out_{out}, readable_{in, POLLIN}, writable_{out, POLLOUT} {}

  /// After an attempt that failed with EAGAIN, as BlockingCall::await(). `strict`: that one end is non-blocking is
  /// enough for the call not to wait, as the kernel has it unless a pipe is emptied into something else.
  bool await(bool strict) noexcept {
    errno = EAGAIN;
    if (strict && !(readable_.is_blocking() && writable_.is_blocking())) return false;
    return is_ready(in_, POLLIN) && !is_ready(out_, POLLOUT) ? writable_.await() : readable_.await();
  }
  /// After a part has gone into a socket: the kernel's call goes on while the pipe has more.
  bool await_for_rest() noexcept {
    int left = 0;
    if (!writable_.is_blocking() || ::ioctl(in_, FIONREAD, &left) != 0 || left == 0) return false;
    writable_.progressed();
    return writable_.await();
  }

 private:
  int in_;
  int out_;
  BlockingCall readable_;
  BlockingCall writable_;
};

template <class Attempt>
ssize_t move_once(int in, int out, bool strict, Attempt attempt) noexcept {
  const int saved_errno = errno;
  Ends ends{in, out};
  while (true) {
    const ssize_t moved = attempt();
    if (moved >= 0) errno = saved_errno;
    if (moved >= 0 || (errno != EINTR && (errno != EAGAIN || !ends.await(strict)))) return moved;
  }
}

/// SPLICE_F_NONBLOCK is for pipes; a socket that is written to goes by its own flag, as connect(2) does.
ssize_t splice_to_socket(int in, int out, std::size_t size, unsigned flags) noexcept {
  const int saved_errno = errno;
  Ends ends{in, out};
  std::size_t done = 0;
  while (true) {
    const ssize_t moved = call_at_once(
        out, [=] { return real_splice(in, nullptr, out, nullptr, size - done, flags | SPLICE_F_NONBLOCK); });
    if (moved < 0) {
      if (errno == EINTR || (errno == EAGAIN && (done == 0 ? ends.await(false) : ends.await_for_rest()))) continue;
      if (done == 0) return -1;
      break;
    }
    done += static_cast<std::size_t>(moved);
    if (moved == 0 || done == size || !ends.await_for_rest()) break;
  }
  errno = saved_errno;
  return static_cast<ssize_t>(done);
}

/// vmsplice(2) waits whatever the pipe's O_NONBLOCK says.
ssize_t vmsplice_waiting(int pipe, const iovec* buffers, std::size_t count, unsigned flags) noexcept {
  const int saved_errno = errno;
  const short events = (::fcntl(pipe, F_GETFL) & O_ACCMODE) == O_RDONLY ? POLLIN : POLLOUT;
  Restraint restraint;
  while (true) {
    const ssize_t moved = real_vmsplice(pipe, buffers, count, flags | SPLICE_F_NONBLOCK);
    if (moved >= 0) errno = saved_errno;
    if (moved >= 0 || (errno != EINTR && errno != EAGAIN)) return moved;
    const auto outcome =
        restraint.wait(Patience{kForever}, [=](nanoseconds left) { return wait_for(pipe, events, left); });
    if (outcome == Outcome::ready) continue;
    errno = outcome == Outcome::closed ? EBADF : ECANCELED;
    return -1;
  }
}

ssize_t splice_waiting(int in, off64_t* in_at, int out, off64_t* out_at, std::size_t size, unsigned flags) noexcept {
  const auto attempt = [=] { return real_splice(in, in_at, out, out_at, size, flags | SPLICE_F_NONBLOCK); };
  const bool from_pipe = is_pipe(in);
  if (from_pipe && is_socket(out)) return splice_to_socket(in, out, size, flags);
  const bool to_pipe = is_pipe(out);
  const bool with_file = kind_of(in) == Kind::file || kind_of(out) == Kind::file;
  return move_once(in, out, !from_pipe || to_pipe, [&]() -> ssize_t {
    if (with_file && files_go_to_threads()) return run_on_thread([=]() noexcept { return attempt(); });
    // A socket that is read from may go by its own flag, too.
    if (from_pipe || with_file || is_ready(in, POLLIN)) return attempt();
    errno = EAGAIN;
    return -1;
  });
}

/// Else the call does not wait, or says what is wrong. Positions are for what is always ready, or for nothing.
bool waits_for(int in, const off64_t* in_at, int out, const off64_t* out_at) noexcept {
  const bool from_pipe = is_pipe(in);
  const bool to_pipe = is_pipe(out);
  const auto is_strange = [](bool pipe, int descriptor, const off64_t* at) {
    return at != nullptr && (pipe || kind_of(descriptor) != Kind::file);
  };
  return (from_pipe || to_pipe) && !is_strange(from_pipe, in, in_at) && !is_strange(to_pipe, out, out_at);
}

bool may_wait(std::size_t size, unsigned flags) noexcept {
  return may_park() && size > 0 && (flags & SPLICE_F_NONBLOCK) == 0;
}

}  // namespace

SymbolNames splice_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

ssize_t splice(int in, off64_t* in_at, int out, off64_t* out_at, std::size_t size, unsigned flags) {
  if (!may_wait(size, flags) || !waits_for(in, in_at, out, out_at))
    return real_splice(in, in_at, out, out_at, size, flags);
  return splice_waiting(in, in_at, out, out_at, size, flags);
}

ssize_t tee(int in, int out, std::size_t size, unsigned flags) {
  if (!may_wait(size, flags) || !is_pipe(in) || !is_pipe(out)) return real_tee(in, out, size, flags);
  return move_once(in, out, true, [=] { return real_tee(in, out, size, flags | SPLICE_F_NONBLOCK); });
}

ssize_t vmsplice(int pipe, const iovec* buffers, std::size_t count, unsigned flags) {
  if (!may_wait(count, flags)) return real_vmsplice(pipe, buffers, count, flags);
  return vmsplice_waiting(pipe, buffers, count, flags);
}

}  // extern "C"
