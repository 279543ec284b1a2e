#include "process/pulse.h"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <climits>

namespace indrik::process {
namespace {

// By system call, not by std::atomic::wait(), which knows no time and spins first.
void wait_while(std::atomic<std::uint32_t>& word, std::uint32_t value, const timespec* time) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, time, nullptr, 0);
}

void wake_all(std::atomic<std::uint32_t>& word) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

/// After it every other thread has made its earlier stores visible and reads later ones: the fence that enter() spares.
void fence_everywhere() noexcept {
  static const bool registered = ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
  // Where it is forbidden, an enter() of just this moment may go unnoticed until the next one.
  if (registered) ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

}  // namespace

void Pulse::sleep(std::uint32_t seen) noexcept {
  auto expected = kAwake;
  if (!watcher_.compare_exchange_strong(expected, kAsleep)) return;
  fence_everywhere();
  while (turn() == seen && watcher_.load() == kAsleep) wait_while(watcher_, kAsleep, nullptr);
  expected = kAsleep;
  watcher_.compare_exchange_strong(expected, kAwake);
}

void Pulse::pause(std::int64_t nanoseconds) noexcept {
  const timespec time{.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000};
  wait_while(watcher_, kAwake, &time);
}

void Pulse::stop() noexcept {
  watcher_.store(kStopped, std::memory_order_release);
  wake_all(watcher_);
}

void Pulse::wake() noexcept {
  auto expected = kAsleep;
  if (watcher_.compare_exchange_strong(expected, kAwake)) wake_all(watcher_);
}

}  // namespace indrik::process
