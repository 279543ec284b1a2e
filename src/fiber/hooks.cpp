#include "fiber/hooks.h"

#include <dlfcn.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "fiber/fiber.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 5> kHooked{"sleep", "usleep", "nanosleep", "clock_nanosleep", "thrd_sleep"};

template <class Function>
Function* libc(const char* name) noexcept {
  // The next definition after the executable's: libc's, or a sanitizer's interceptor in front of it.
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool is_valid(const timespec& duration) noexcept {
  return duration.tv_sec >= 0 && duration.tv_nsec >= 0 && duration.tv_nsec < 1'000'000'000;
}

nanoseconds to_duration(const timespec& duration) noexcept {
  // Some 292 years are forever: what does not fit into 64 bits of nanoseconds is cut there.
  constexpr auto kLongest = std::chrono::duration_cast<seconds>(nanoseconds::max()).count() - 1;
  if (duration.tv_sec >= kLongest) return seconds{kLongest};
  return seconds{duration.tv_sec} + nanoseconds{duration.tv_nsec};
}

/// clock_nanosleep(2) without the call: 0, or an error number (not errno).
int sleep_in_fiber(clockid_t clock, int flags, const timespec& request) noexcept {
  if (!is_valid(request)) return EINVAL;
  auto duration = to_duration(request);
  if ((flags & TIMER_ABSTIME) != 0) {
    timespec now{};
    if (::clock_gettime(clock, &now) != 0) return errno;
    duration -= to_duration(now);
  }
  return duration <= nanoseconds::zero() || sleep_for(duration) ? 0 : ECANCELED;
}

/// Whoever sleeps again for what remains, until nothing does, is done.
int cancelled(timespec* remain) noexcept {
  if (remain) *remain = {};
  return ECANCELED;
}

}  // namespace

std::span<const std::string_view> hooked_symbols() noexcept { return kHooked; }

}  // namespace indrik::fiber

// No signal reaches a parked fiber (a worker's are read from a descriptor): EINTR is never returned. What cuts a sleep
// short is that its request is cancelled. It then fails with ECANCELED, not with EINTR, after which
// std::this_thread::sleep_for() and many a loop in C would sleep on.
extern "C" {

using indrik::fiber::cancelled;
using indrik::fiber::current;
using indrik::fiber::libc;
using indrik::fiber::sleep_in_fiber;

int clock_nanosleep(clockid_t clock, int flags, const timespec* request, timespec* remain) {
  if (!current() || clock == CLOCK_THREAD_CPUTIME_ID || clock == CLOCK_PROCESS_CPUTIME_ID) {
    static auto* const real = libc<decltype(clock_nanosleep)>("clock_nanosleep");
    return real(clock, flags, request, remain);
  }
  const int error = sleep_in_fiber(clock, flags, *request);
  return error == ECANCELED ? cancelled((flags & TIMER_ABSTIME) != 0 ? nullptr : remain) : error;
}

int nanosleep(const timespec* request, timespec* remain) {
  if (!current()) {
    static auto* const real = libc<decltype(nanosleep)>("nanosleep");
    return real(request, remain);
  }
  const int error = sleep_in_fiber(CLOCK_MONOTONIC, 0, *request);
  if (error == 0) return 0;
  errno = error == ECANCELED ? cancelled(remain) : error;
  return -1;
}

unsigned int sleep(unsigned int duration) {
  if (!current()) {
    static auto* const real = libc<decltype(sleep)>("sleep");
    return real(duration);
  }
  const auto until = indrik::Clock::now() + indrik::seconds{duration};
  if (indrik::fiber::sleep_for(indrik::seconds{duration})) return 0;
  const auto unslept = std::chrono::ceil<indrik::seconds>(until - indrik::Clock::now());
  return static_cast<unsigned int>(std::max<indrik::seconds::rep>(0, unslept.count()));
}

int usleep(useconds_t duration) {
  if (!current()) {
    static auto* const real = libc<decltype(usleep)>("usleep");
    return real(duration);
  }
  if (indrik::fiber::sleep_for(std::chrono::microseconds{duration})) return 0;
  errno = ECANCELED;
  return -1;
}

int thrd_sleep(const timespec* duration, timespec* remaining) {
  if (!current()) {
    static auto* const real = libc<decltype(thrd_sleep)>("thrd_sleep");
    return real(duration, remaining);
  }
  const int error = sleep_in_fiber(CLOCK_REALTIME, 0, *duration);
  if (error == ECANCELED) cancelled(remaining);
  return error == 0 ? 0 : -2;  // C11 7.26.5.7: -1 is for signals, other negative values are for failures
}

}  // extern "C"
