#include <signal.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/fd.h"
#include "fiber/blocking_call.h"
#include "fiber/hook_families.h"
#include "fiber/parking.h"
#include "fiber/real_call.h"
#include "fiber/timespec.h"
#include "fiber/waiting_time.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 3> kHooked{"sigtimedwait", "sigwait", "sigwaitinfo"};

constinit RealCall<decltype(::sigtimedwait)> real_sigtimedwait{"sigtimedwait"};
constinit RealCall<decltype(::sigwait)> real_sigwait{"sigwait"};
constinit RealCall<decltype(::sigwaitinfo)> real_sigwaitinfo{"sigwaitinfo"};

/// Until a signal of the set may be pending. Where no descriptor is left that would tell, for some milliseconds.
Outcome wait_for_signal(Fd& signals, const sigset_t* set, nanoseconds at_most) noexcept {
  constexpr milliseconds kPause{10};
  if (!signals) signals.reset(::signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (signals) return wait_for(signals.get(), POLLIN, at_most);
  const bool slept = sleep_for(at_most < nanoseconds::zero() ? kPause : std::min<nanoseconds>(kPause, at_most));
  return slept ? Outcome::ready : Outcome::cancelled;
}

/// sigtimedwait(2). The kernel's own call takes the signal, so that what it says of it is complete; a descriptor only
/// tells when to ask. All fibers, and the loop that watches for them, are one thread with one mask: what is blocked
/// here, as the call demands, stays pending for it.
int take_signal(const sigset_t* set, siginfo_t* info, nanoseconds timeout) noexcept {
  constexpr timespec kNoTime{};
  const int saved_errno = errno;
  const Patience patience{timeout};
  Restraint restraint;
  Fd signals;
  while (true) {
    const int number = real_sigtimedwait(set, info, &kNoTime);
    if (number > 0) errno = saved_errno;
    if (number > 0 || (errno != EAGAIN && errno != EINTR)) return number;
    errno = EAGAIN;
    if (patience.left() == nanoseconds::zero()) return -1;
    const auto outcome =
        restraint.wait(patience, [&](nanoseconds left) { return wait_for_signal(signals, set, left); });
    if (outcome != Outcome::cancelled) continue;
    errno = ECANCELED;
    return -1;
  }
}

}  // namespace

SymbolNames signals_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

int sigtimedwait(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
  if (!may_park() || (timeout != nullptr && !is_valid(*timeout))) return real_sigtimedwait(set, info, timeout);
  return take_signal(set, info, timeout != nullptr ? to_nanoseconds(*timeout) : kForever);
}

int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
  return may_park() ? take_signal(set, info, kForever) : real_sigwaitinfo(set, info);
}

int sigwait(const sigset_t* set, int* number) {
  if (!may_park()) return real_sigwait(set, number);
  const int taken = take_signal(set, nullptr, kForever);
  if (taken < 0) return errno;
  *number = taken;
  return 0;
}

}  // extern "C"
