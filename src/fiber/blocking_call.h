#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>

#include "base/clock.h"
#include "base/no_park.h"
#include "fiber/fiber.h"
#include "fiber/wait.h"

namespace indrik::fiber {

/// Whether a hooked system call is to park instead of blocking: not off a fiber, not where NoPark forbids it.
inline bool may_park() noexcept { return current() != nullptr && t_no_park == 0; }

/// What is left of a call's time.
class Patience {
 public:
  /// Below zero: as long as it takes.
  explicit Patience(nanoseconds timeout) noexcept;
  /// A timeout for wait_for(): never below zero unless it is for ever.
  nanoseconds left() const noexcept;

 private:
  TimePoint due_;
};

/// A fiber that finds again and again what it waits for ready and yet not to be had, because the kernel's readiness is
/// not the call's (an unconnected datagram socket's, a select's), looks less often. Loses no time while waits last.
class Restraint {
 public:
  /// As wait_for(), perhaps some milliseconds late.
  template <class Wait>
  Outcome wait(const Patience& patience, Wait wait) noexcept {
    const auto before = Clock::now();
    if (!pause(patience)) return Outcome::cancelled;
    const auto outcome = wait(patience.left());
    in_vain_ = Clock::now() - before < kAtOnce + pause_ ? in_vain_ + 1 : 0;
    return outcome;
  }
  /// The call got something done.
  void reset() noexcept { in_vain_ = 0; }

 private:
  static constexpr milliseconds kAtOnce{1};
  bool pause(const Patience& patience) noexcept;

  unsigned in_vain_ = 0;
  milliseconds pause_{0};
};

/// One blocking call on a descriptor, made of attempts that do not block: parks the fiber between them.
class BlockingCall {
 public:
  /// `events`: POLLIN or POLLOUT, what an attempt waits for; its direction says which timeout of a socket holds, if it
  /// is below `at_most`.
  BlockingCall(int descriptor, short events, nanoseconds at_most = kForever) noexcept
      : descriptor_{descriptor}, events_{events}, at_most_{at_most} {}

  /// After an attempt that failed with EAGAIN. True: try again. False: the call ends, with this errno: EAGAIN (the
  /// description is non-blocking, or SO_RCVTIMEO or SO_SNDTIMEO is over), ECANCELED, or EBADF (closed by others).
  bool await() noexcept;
  /// After an attempt that did too little, where readiness does not tell when it would do more: parks for some
  /// milliseconds. As await().
  bool await_more() noexcept;
  /// Whether the open file description is without O_NONBLOCK.
  bool is_blocking() noexcept;
  /// After an attempt that did a part.
  void progressed() noexcept { restraint_.reset(); }

 private:
  const Patience& patience() noexcept;

  int descriptor_;
  short events_;
  nanoseconds at_most_;
  bool is_asked_ = false;
  bool is_blocking_ = false;
  bool has_patience_ = false;
  milliseconds pause_{1};
  Patience patience_{kForever};
  Restraint restraint_;
};

/// Makes one system call that knows no flag to keep it from waiting: the description's own is set meanwhile, while no
/// other fiber runs. Another thread or process that has the same description, and uses it at this very moment, may see
/// it. Where it is set already, it stays.
template <class Call>
auto call_at_once(int descriptor, Call call) noexcept {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || (flags & O_NONBLOCK) != 0) return call();
  ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
  const auto result = call();
  const int error = errno;
  ::fcntl(descriptor, F_SETFL, flags);
  errno = error;
  return result;
}

/// Attempts until one does not fail with EAGAIN. Leaves errno alone on success.
template <class Attempt>
auto call_until_done(int descriptor, short events, Attempt attempt) noexcept {
  const int saved_errno = errno;
  BlockingCall call{descriptor, events};
  while (true) {
    const auto result = attempt();
    if (result >= 0) {
      errno = saved_errno;
      return result;
    }
    if (errno != EINTR && (errno != EAGAIN || !call.await())) return result;
  }
}

/// Attempts until all is done, as a blocking call that moves bytes does: attempt(done) goes on behind `done` bytes, and
/// size() is the whole, not asked before an attempt succeeded (until then nobody has looked at the caller's pointers).
/// An end, an error, a timeout or a cancellation after some bytes is a short count; so is what fits at once where the
/// description is non-blocking.
template <class Attempt, class Size>
ssize_t call_until_whole(int descriptor, short events, Size size, Attempt attempt) noexcept {
  const int saved_errno = errno;
  BlockingCall call{descriptor, events};
  std::size_t done = 0;
  while (true) {
    const ssize_t moved = attempt(done);
    if (moved < 0) {
      if (errno == EINTR || (errno == EAGAIN && call.await())) continue;
      if (done == 0) return -1;
      break;
    }
    done += static_cast<std::size_t>(moved);
    if (moved == 0 || done >= size() || !call.is_blocking()) break;
    call.progressed();
    if (!call.await()) break;
  }
  errno = saved_errno;
  return static_cast<ssize_t>(done);
}

}  // namespace indrik::fiber
