#include <poll.h>

#include <algorithm>
#include <array>

#include "fiber/blocking_call.h"
#include "fiber/hook_families.h"
#include "fiber/real_call.h"
#include "fiber/timespec.h"
#include "fiber/waiting_time.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 5> kHooked{"poll", "ppoll", "__poll", "__poll_chk", "__ppoll_chk"};

constinit RealCall<int(pollfd*, nfds_t, int)> real_poll{"poll"};
constinit RealCall<int(pollfd*, nfds_t, const timespec*, const sigset_t*)> real_ppoll{"ppoll"};
constinit RealCall<int(pollfd*, nfds_t, int, std::size_t)> real_poll_chk{"__poll_chk"};
constinit RealCall<int(pollfd*, nfds_t, const timespec*, const sigset_t*, std::size_t)> real_ppoll_chk{"__ppoll_chk"};

int how_many_hold(std::span<const pollfd> descriptors) noexcept {
  return static_cast<int>(
      std::count_if(descriptors.begin(), descriptors.end(), [](const pollfd& one) { return one.revents != 0; }));
}

/// `look` is the call itself without a wait.
template <class Look>
int poll_waiting(pollfd* descriptors, nfds_t count, nanoseconds timeout, Look look) noexcept {
  const int saved_errno = errno;
  const Patience patience{timeout};
  Restraint restraint;
  while (true) {
    const int held = look();
    if (held < 0 && errno == EINTR) continue;
    if (held != 0 || patience.left() == nanoseconds::zero()) return held;
    const std::span all{descriptors, count};
    const auto outcome = restraint.wait(patience, [&](nanoseconds left) { return wait_for_any(all, left); });
    errno = outcome == Outcome::cancelled ? ECANCELED : saved_errno;
    if (outcome == Outcome::cancelled) return -1;
    if (outcome == Outcome::closed) return how_many_hold(all);
  }
}

}  // namespace

SymbolNames poll_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

// NOLINTBEGIN(bugprone-reserved-identifier): the names are libc's
extern "C" {

using namespace indrik::fiber;

int poll(pollfd* descriptors, nfds_t count, int timeout) {
  if (!may_park() || timeout == 0) return real_poll(descriptors, count, timeout);
  const indrik::nanoseconds time = timeout < 0 ? kForever : indrik::milliseconds{timeout};
  return poll_waiting(descriptors, count, time, [=] { return real_poll(descriptors, count, 0); });
}

int __poll(pollfd* descriptors, nfds_t count, int timeout) { return poll(descriptors, count, timeout); }

// The mask is in force while the call looks, not while the fiber is parked: others run then.
int ppoll(pollfd* descriptors, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  if (!may_park() || (timeout != nullptr && !is_valid(*timeout))) return real_ppoll(descriptors, count, timeout, mask);
  return poll_waiting(descriptors, count, timeout != nullptr ? to_nanoseconds(*timeout) : kForever, [=] {
    const timespec at_once{};
    return real_ppoll(descriptors, count, &at_once, mask);
  });
}

int __poll_chk(pollfd* descriptors, nfds_t count, int timeout, std::size_t room) {
  if (!may_park() || room / sizeof *descriptors < count) return real_poll_chk(descriptors, count, timeout, room);
  return poll(descriptors, count, timeout);
}

int __ppoll_chk(pollfd* descriptors, nfds_t count, const timespec* timeout, const sigset_t* mask, std::size_t room) {
  if (!may_park() || room / sizeof *descriptors < count) return real_ppoll_chk(descriptors, count, timeout, mask, room);
  return ppoll(descriptors, count, timeout, mask);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
