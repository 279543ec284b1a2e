#include "worker/loop_parking.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <new>

#include "fiber/fiber.h"

namespace indrik::worker {
namespace {

enum class State : std::uint32_t { empty, thread_waits, fiber_waits, unparked, ended };

nanoseconds to_deadline(nanoseconds timeout) noexcept {
  const nanoseconds now{monotonic_ns()};
  return timeout > nanoseconds::max() - now ? nanoseconds::max() : now + timeout;
}

/// Waits while `word` is `expected`, until `deadline` by CLOCK_MONOTONIC at most; or for no reason at all.
/// False: the time is over.
bool futex_wait(std::atomic<State>& word, State expected, nanoseconds deadline) noexcept {
  const auto whole = std::chrono::floor<seconds>(deadline);
  const timespec until{.tv_sec = whole.count(), .tv_nsec = (deadline - whole).count()};
  const bool bounded = deadline != nanoseconds::max();
  return ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, static_cast<std::uint32_t>(expected),
                   bounded ? &until : nullptr, nullptr, FUTEX_BITSET_MATCH_ANY) == 0 ||
         errno != ETIMEDOUT;
}

void futex_wake(const std::atomic<State>* word) noexcept {
  ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace

struct LoopParking::Entry {
  std::atomic<State> state;
  bool posted;  ///< the post that ends a fiber's wait has come
  Timers* timers;
  fiber::Fiber* fiber;
  Post post;
  TimerRoom timer;

  static Entry& in(ParkRoom& room) noexcept {
    static_assert(sizeof(Entry) <= sizeof room.bytes && alignof(Entry) <= alignof(ParkRoom));
    return *std::launder(reinterpret_cast<Entry*>(room.bytes));  // zeroed is State::empty
  }
  /// False: somebody has unparked it.
  bool change(State from, State to) noexcept { return state.compare_exchange_strong(from, to); }

  // What ends a fiber's wait. Whoever unparks it still needs the room until his post has come, so that neither the
  // timer nor a cancellation may end the wait any more.
  static void on_timer(void* room) noexcept {
    auto& self = *static_cast<Entry*>(room);
    if (self.change(State::fiber_waits, State::ended)) fiber::resume(*self.fiber);
  }
  static void on_post(void* room) noexcept {
    auto& self = *static_cast<Entry*>(room);
    self.posted = true;
    self.timers->cancel(self.timer);
    fiber::resume(*self.fiber);
  }
  static void forget(void* room) noexcept {
    auto& self = *static_cast<Entry*>(room);
    self.timers->cancel(self.timer);
  }
};

Parking::Place LoopParking::place() const noexcept {
  if (fiber::current() != nullptr) return Place::fiber;
  return posts_.on_loop_thread() ? Place::loop : Place::thread;
}

Parking::Outcome LoopParking::park(ParkRoom& room, nanoseconds timeout) noexcept {
  auto& entry = Entry::in(room);
  if (entry.state.load() == State::unparked) return Outcome::unparked;
  return fiber::current() != nullptr ? park_fiber(entry, timeout) : park_thread(entry, timeout);
}

Parking::Outcome LoopParking::park_fiber(Entry& entry, nanoseconds timeout) noexcept {
  if (fiber::is_cancelled()) {
    fiber::sleep_for(fiber::kCancelledSleep);
    return Outcome::cancelled;
  }
  entry.fiber = fiber::current();
  entry.timers = &timers_;
  if (!entry.change(State::empty, State::fiber_waits)) return Outcome::unparked;
  if (timeout != nanoseconds::max()) timers_.start(entry.timer, timeout, &Entry::on_timer, &entry);
  fiber::park(&Entry::forget, &entry);
  if (entry.posted) return Outcome::unparked;
  if (entry.state.load() == State::ended) return Outcome::timed_out;
  if (entry.change(State::fiber_waits, State::ended)) return Outcome::cancelled;
  fiber::park();  // cancelled, but unparked before: the post is on its way
  return Outcome::unparked;
}

Parking::Outcome LoopParking::park_thread(Entry& entry, nanoseconds timeout) noexcept {
  if (!entry.change(State::empty, State::thread_waits)) return Outcome::unparked;
  const auto deadline = timeout == nanoseconds::max() ? timeout : to_deadline(timeout);
  while (entry.state.load() == State::thread_waits) {
    if (futex_wait(entry.state, State::thread_waits, deadline)) continue;
    if (entry.change(State::thread_waits, State::ended)) return Outcome::timed_out;
  }
  return Outcome::unparked;
}

void LoopParking::unpark(ParkRoom& room) noexcept {
  auto& entry = Entry::in(room);
  switch (entry.state.exchange(State::unparked)) {
    case State::thread_waits:
      return futex_wake(&entry.state);  // by its address alone: the room may be gone by now
    case State::fiber_waits:
      entry.post.fired = &Entry::on_post;
      entry.post.context = &entry;
      posts_.post(entry.post);
      return;
    case State::empty:
    case State::unparked:
    case State::ended:
      return;
  }
}

}  // namespace indrik::worker
