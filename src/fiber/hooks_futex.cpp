#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <ctime>

#include "fiber/address_wait.h"
#include "fiber/blocking_call.h"
#include "fiber/fiber.h"
#include "fiber/hook_families.h"
#include "fiber/real_call.h"
#include "fiber/waiting_time.h"

namespace indrik::fiber {
namespace {

// What libstdc++ waits with where POSIX has nothing: std::atomic::wait(), semaphores, latches, futures, and the guards
// of functions' statics; and other languages' libraries. All else that is called by its number passes.
constexpr auto kHooked = std::to_array<std::string_view>({"syscall"});

constinit RealCall<decltype(::syscall)> real_syscall{"syscall"};

/// futex(2) has six arguments.
struct FutexCall {
  std::uint32_t* word;
  int operation;
  std::uint32_t value;
  const timespec* time;

  int command() const noexcept { return operation & FUTEX_CMD_MASK; }
  bool waits() const noexcept { return command() == FUTEX_WAIT || command() == FUTEX_WAIT_BITSET; }
  bool wakes() const noexcept { return command() == FUTEX_WAKE || command() == FUTEX_WAKE_BITSET; }
};

/// FUTEX_WAIT is told how long, FUTEX_WAIT_BITSET until when.
nanoseconds left(const FutexCall& call) noexcept {
  if (call.time == nullptr) return kAsLongAsItTakes;
  if (call.command() == FUTEX_WAIT) return to_nanoseconds(*call.time);
  return time_left((call.operation & FUTEX_CLOCK_REALTIME) != 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, *call.time);
}

// Whoever wakes what processes share may be none of ours. Who waits looks at the word again in any case (futex(2),
// "spurious wake-up").
constexpr milliseconds kLookAgain{5};

/// 0, or an error number.
int wait_in_fiber(const FutexCall& call) noexcept {
  AddressWait wait{call.word};
  if (__atomic_load_n(call.word, __ATOMIC_SEQ_CST) != call.value) return EAGAIN;
  const auto time = left(call);
  const bool shared = (call.operation & FUTEX_PRIVATE_FLAG) == 0;
  // libstdc++ does not say "private" either, though it is: it is woken by us, and looks without need now and then.
  const auto end = wait.wait(shared ? std::min<nanoseconds>(time, 20 * kLookAgain) : time);
  if (end == WaitEnd::timed_out && (!shared || time <= 20 * kLookAgain)) return ETIMEDOUT;
  // ECANCELED is not expected of a futex, while to be woken without a reason is.
  return 0;
}

}  // namespace

SymbolNames futex_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

long syscall(long number, ...) noexcept {
  std::va_list arguments;
  va_start(arguments, number);
  long values[6];
  for (long& value : values) value = va_arg(arguments, long);
  va_end(arguments);
  const auto pass = [&] {
    return real_syscall(number, values[0], values[1], values[2], values[3], values[4], values[5]);
  };
  if (number != SYS_futex) return pass();
  const FutexCall call{.word = reinterpret_cast<std::uint32_t*>(values[0]),
                       .operation = static_cast<int>(values[1]),
                       .value = static_cast<std::uint32_t>(values[2]),
                       .time = reinterpret_cast<const timespec*>(values[3])};
  if (call.waits() && may_park() && (call.time == nullptr || is_valid_time(*call.time))) {
    const int error = wait_in_fiber(call);
    if (error == 0) return 0;
    errno = error;
    return -1;
  }
  const long result = pass();
  if (!call.wakes() || result < 0 || !anyone_waits()) return result;
  const auto more = static_cast<long>(static_cast<std::int32_t>(call.value)) - result;
  return more > 0 ? result + static_cast<long>(wake_waiters(call.word, static_cast<std::size_t>(more))) : result;
}

}  // extern "C"
