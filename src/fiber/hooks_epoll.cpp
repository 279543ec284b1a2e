#include <sys/epoll.h>

#include <array>
#include <atomic>

#include "fiber/blocking_call.h"
#include "fiber/epoll_wait.h"
#include "fiber/hook_families.h"
#include "fiber/real_call.h"
#include "fiber/timespec.h"
#include "fiber/waiting_time.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 3> kHooked{"epoll_wait", "epoll_pwait", "epoll_pwait2"};

constinit RealCall<int(int, epoll_event*, int, int)> real_epoll_wait{"epoll_wait"};
constinit RealCall<int(int, epoll_event*, int, int, const sigset_t*)> real_epoll_pwait{"epoll_pwait"};
constinit RealCall<int(int, epoll_event*, int, const timespec*, const sigset_t*)> real_epoll_pwait2{"epoll_pwait2"};

constinit std::atomic<EpollWait> replacement{nullptr};

/// An epoll descriptor is itself readable when one of its own is ready. `look` is the call itself without a wait.
template <class Look>
int epoll_waiting(int set, nanoseconds timeout, Look look) noexcept {
  const int saved_errno = errno;
  const Patience patience{timeout};
  Restraint restraint;
  while (true) {
    const int ready = look();
    if (ready < 0 && errno == EINTR) continue;
    if (ready != 0 || patience.left() == nanoseconds::zero()) return ready;
    const auto outcome = restraint.wait(patience, [&](nanoseconds left) { return wait_for(set, POLLIN, left); });
    errno = outcome == Outcome::cancelled ? ECANCELED : outcome == Outcome::closed ? EBADF : saved_errno;
    if (outcome == Outcome::cancelled || outcome == Outcome::closed) return -1;
  }
}

nanoseconds to_timeout(int timeout) noexcept { return timeout < 0 ? kForever : nanoseconds{milliseconds{timeout}}; }

}  // namespace

SymbolNames epoll_hooks() noexcept { return kHooked; }

void replace_epoll_wait(EpollWait wait) noexcept { replacement.store(wait, std::memory_order_relaxed); }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

int epoll_wait(int set, epoll_event* events, int room, int timeout) {
  if (!may_park() || timeout == 0) {
    const auto wait = replacement.load(std::memory_order_relaxed);
    return wait != nullptr ? wait(set, events, room, timeout) : real_epoll_wait(set, events, room, timeout);
  }
  return epoll_waiting(set, to_timeout(timeout), [=] { return real_epoll_wait(set, events, room, 0); });
}

// The mask is in force while the call looks, not while the fiber is parked: others run then.
int epoll_pwait(int set, epoll_event* events, int room, int timeout, const sigset_t* mask) {
  if (!may_park() || timeout == 0) return real_epoll_pwait(set, events, room, timeout, mask);
  return epoll_waiting(set, to_timeout(timeout), [=] { return real_epoll_pwait(set, events, room, 0, mask); });
}

int epoll_pwait2(int set, epoll_event* events, int room, const timespec* timeout, const sigset_t* mask) {
  if (!may_park() || (timeout != nullptr && !is_valid(*timeout)))
    return real_epoll_pwait2(set, events, room, timeout, mask);
  return epoll_waiting(set, timeout != nullptr ? to_nanoseconds(*timeout) : kForever,
                       [=] { return real_epoll_pwait(set, events, room, 0, mask); });
}

}  // extern "C"
