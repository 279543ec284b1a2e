#include "fiber/blocking_call.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>

namespace indrik::fiber {
namespace {

/// How long a blocking call on the socket may take; for ever on what is no socket.
nanoseconds timeout_of(int descriptor, short events) noexcept {
  timeval timeout{};
  socklen_t size = sizeof timeout;
  const int option = events == POLLIN ? SO_RCVTIMEO : SO_SNDTIMEO;
  if (::getsockopt(descriptor, SOL_SOCKET, option, &timeout, &size) != 0) return kForever;
  const auto whole = seconds{timeout.tv_sec} + std::chrono::microseconds{timeout.tv_usec};
  return whole == nanoseconds::zero() ? kForever : whole;
}

}  // namespace

Patience::Patience(nanoseconds timeout) noexcept : due_{TimePoint::max()} {
  if (timeout < nanoseconds::zero()) return;
  const auto now = Clock::now();
  if (timeout < TimePoint::max() - now) due_ = now + timeout;
}

nanoseconds Patience::left() const noexcept {
  if (due_ == TimePoint::max()) return kForever;
  return std::max<nanoseconds>(nanoseconds::zero(), due_ - Clock::now());
}

bool Restraint::pause(const Patience& patience) noexcept {
  constexpr unsigned kFreely = 3;
  constexpr milliseconds kLongest{10};
  pause_ = milliseconds::zero();
  if (in_vain_ <= kFreely) return true;
  pause_ = std::min(milliseconds{1U << std::min(in_vain_ - kFreely - 1, 4U)}, kLongest);
  const auto left = patience.left();
  return sleep_for(left < nanoseconds::zero() ? pause_ : std::min<nanoseconds>(pause_, left));
}

bool BlockingCall::is_blocking() noexcept {
  if (!is_asked_) {
    const int flags = ::fcntl(descriptor_, F_GETFL);
    is_blocking_ = flags >= 0 && (flags & O_NONBLOCK) == 0;
    is_asked_ = true;
  }
  return is_blocking_;
}

const Patience& BlockingCall::patience() noexcept {
  if (!has_patience_) {
    const auto timeout = timeout_of(descriptor_, events_);
    patience_ = Patience{at_most_ < nanoseconds::zero() || timeout < nanoseconds::zero() ? std::max(at_most_, timeout)
                                                                                         : std::min(at_most_, timeout)};
    has_patience_ = true;
  }
  return patience_;
}

bool BlockingCall::await() noexcept {
  errno = EAGAIN;
  if (!is_blocking()) return false;
  const auto outcome =
      restraint_.wait(patience(), [&](nanoseconds left) { return wait_for(descriptor_, events_, left); });
  // The descriptor's number may be another's by now: it is not looked at again.
  errno = outcome == Outcome::cancelled ? ECANCELED : outcome == Outcome::closed ? EBADF : EAGAIN;
  return outcome == Outcome::ready;
}

bool BlockingCall::await_more() noexcept {
  constexpr milliseconds kLongest{10};
  errno = EAGAIN;
  if (!is_blocking()) return false;
  const auto left = patience().left();
  if (left == nanoseconds::zero()) return false;
  const bool slept = sleep_for(left < nanoseconds::zero() ? pause_ : std::min<nanoseconds>(pause_, left));
  pause_ = std::min(2 * pause_, kLongest);
  errno = slept ? EAGAIN : ECANCELED;
  return slept;
}

}  // namespace indrik::fiber
