#include <threads.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "fiber/blocking_call.h"
#include "fiber/hook_families.h"
#include "fiber/real_call.h"
#include "fiber/timespec.h"
#include "fiber/waiting_time.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 5> kHooked{"sleep", "usleep", "nanosleep", "clock_nanosleep", "thrd_sleep"};

constinit RealCall<decltype(::sleep)> real_sleep{"sleep"};
constinit RealCall<decltype(::usleep)> real_usleep{"usleep"};
constinit RealCall<decltype(::nanosleep)> real_nanosleep{"nanosleep"};
constinit RealCall<decltype(::clock_nanosleep)> real_clock_nanosleep{"clock_nanosleep"};
constinit RealCall<decltype(::thrd_sleep)> real_thrd_sleep{"thrd_sleep"};

/// clock_nanosleep(2) without the call: 0, or an error number (not errno).
int sleep_in_fiber(clockid_t clock, int flags, const timespec& request) noexcept {
  if (!is_valid(request)) return EINVAL;
  auto duration = to_nanoseconds(request);
  if ((flags & TIMER_ABSTIME) != 0) {
    timespec now{};
    if (::clock_gettime(clock, &now) != 0) return errno;
    duration -= to_nanoseconds(now);
  }
  return duration <= nanoseconds::zero() || sleep_for(duration) ? 0 : ECANCELED;
}

/// Whoever sleeps again for what remains, until nothing does, is done.
int cancelled(timespec* remain) noexcept {
  if (remain) *remain = {};
  return ECANCELED;
}

}  // namespace

SymbolNames sleep_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

// No signal reaches a parked fiber (a worker's are read from a descriptor): EINTR is never returned. What cuts a sleep
// short is that its request is cancelled. It then fails with ECANCELED, not with EINTR, after which
// std::this_thread::sleep_for() and many a loop in C would sleep on.
extern "C" {

using indrik::fiber::cancelled;
using indrik::fiber::may_park;
using indrik::fiber::real_clock_nanosleep;
using indrik::fiber::real_nanosleep;
using indrik::fiber::real_sleep;
using indrik::fiber::real_thrd_sleep;
using indrik::fiber::real_usleep;
using indrik::fiber::sleep_in_fiber;

int clock_nanosleep(clockid_t clock, int flags, const timespec* request, timespec* remain) {
  if (!may_park() || clock == CLOCK_THREAD_CPUTIME_ID || clock == CLOCK_PROCESS_CPUTIME_ID)
    return real_clock_nanosleep(clock, flags, request, remain);
  const int error = sleep_in_fiber(clock, flags, *request);
  return error == ECANCELED ? cancelled((flags & TIMER_ABSTIME) != 0 ? nullptr : remain) : error;
}

int nanosleep(const timespec* request, timespec* remain) {
  if (!may_park()) return real_nanosleep(request, remain);
  const int error = sleep_in_fiber(CLOCK_MONOTONIC, 0, *request);
  if (error == 0) return 0;
  errno = error == ECANCELED ? cancelled(remain) : error;
  return -1;
}

unsigned int sleep(unsigned int duration) {
  if (!may_park()) return real_sleep(duration);
  const auto until = indrik::Clock::now() + indrik::seconds{duration};
  if (indrik::fiber::sleep_for(indrik::seconds{duration})) return 0;
  const auto unslept = std::chrono::ceil<indrik::seconds>(until - indrik::Clock::now());
  return static_cast<unsigned int>(std::max<indrik::seconds::rep>(0, unslept.count()));
}

int usleep(useconds_t duration) {
  if (!may_park()) return real_usleep(duration);
  if (indrik::fiber::sleep_for(std::chrono::microseconds{duration})) return 0;
  errno = ECANCELED;
  return -1;
}

int thrd_sleep(const timespec* duration, timespec* remaining) {
  if (!may_park()) return real_thrd_sleep(duration, remaining);
  const int error = sleep_in_fiber(CLOCK_REALTIME, 0, *duration);
  if (error == ECANCELED) cancelled(remaining);
  return error == 0 ? 0 : -2;  // C11 7.26.5.7: -1 is for signals, other negative values are for failures
}

}  // extern "C"
