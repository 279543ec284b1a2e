#include "fiber/wait.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "base/fd.h"
#include "base/loop_services.h"
#include "fiber/fiber.h"

namespace indrik::fiber {
namespace {

class Wait;

/// One descriptor that a fiber waits for. In a list with others of this thread, so that who closes the descriptor
/// finds it: a watch must end before that.
struct Entry {
  Wait* wait = nullptr;
  int descriptor = -1;
  bool is_watched = false;
  bool is_closed = false;
  Entry* next = nullptr;
  Entry** link = nullptr;  ///< what points to this; null: in no list
  WatchRoom room;
};

// Chains by the last bits of the number: thousands of fibers wait at once, and every close looks.
constexpr std::size_t kChains = 256;
[[gnu::tls_model("initial-exec")]] constinit thread_local std::array<Entry*, kChains> t_waiting{};

Entry*& chain_of(int descriptor) noexcept { return t_waiting[static_cast<unsigned>(descriptor) % kChains]; }

/// One fiber's wait. Lives on its stack, for as long as it is parked.
class Wait {
 public:
  explicit Wait(std::span<Entry> entries) noexcept : fiber_{*current()}, loop_{current_loop()}, entries_{entries} {}

  void add(Entry& entry, int descriptor) noexcept {
    entry.wait = this;
    entry.descriptor = descriptor;
    Entry*& head = chain_of(descriptor);
    entry.next = head;
    entry.link = &head;
    if (head) head->link = &entry.next;
    head = &entry;
  }
  void watch(Entry& entry, short events) noexcept {
    entry.is_watched = true;
    loop_.watches.start(entry.room, entry.descriptor, events, &Wait::on_ready, this);
  }
  Outcome park(nanoseconds timeout) noexcept;
  /// Not from inside the fiber: it goes on from the loop.
  void close(Entry& entry) noexcept;

 private:
  static void on_ready(void* wait, short) noexcept { static_cast<Wait*>(wait)->end(Outcome::ready); }
  static void on_time(void* wait) noexcept {
    auto& self = *static_cast<Wait*>(wait);
    self.end(self.is_closing_ ? Outcome::closed : Outcome::timed_out);
  }
  static void forget(void* wait) noexcept { static_cast<Wait*>(wait)->stop(); }
  void end(Outcome outcome) noexcept {
    stop();
    outcome_ = outcome;
    resume(fiber_);
  }
  void stop() noexcept {
    stop_watches();
    loop_.timers.cancel(timer_);
  }
  void stop_watches() noexcept;

  Fiber& fiber_;
  const LoopServices& loop_;
  std::span<Entry> entries_;
  Outcome outcome_ = Outcome::cancelled;
  bool is_closing_ = false;
  TimerRoom timer_;
};

Outcome Wait::park(nanoseconds timeout) noexcept {
  const bool was_cancelled = is_cancelled();
  if (was_cancelled)
    timeout = timeout < nanoseconds::zero() ? kCancelledSleep : std::min<nanoseconds>(timeout, kCancelledSleep);
  if (timeout >= nanoseconds::zero()) loop_.timers.start(timer_, timeout, &Wait::on_time, this);
  if (was_cancelled) {
    fiber::park();
    return outcome_ == Outcome::timed_out ? Outcome::cancelled : outcome_;
  }
  return fiber::park(&Wait::forget, this) ? outcome_ : Outcome::cancelled;
}

void Wait::stop_watches() noexcept {
  for (auto& entry : entries_) {
    if (entry.is_watched) loop_.watches.cancel(entry.room);
    entry.is_watched = false;
    if (!entry.link) continue;
    *entry.link = entry.next;
    if (entry.next) entry.next->link = entry.link;
    entry.link = nullptr;
  }
}

void Wait::close(Entry& entry) noexcept {
  entry.is_closed = true;
  if (is_closing_) return;
  is_closing_ = true;
  // The others are still to be found: one call may close several of them.
  for (auto& other : entries_) {
    if (other.is_watched) loop_.watches.cancel(other.room);
    other.is_watched = false;
  }
  loop_.timers.cancel(timer_);
  loop_.timers.start(timer_, nanoseconds::zero(), &Wait::on_time, this);
}

/// Whether a watch sees just these events, of all that poll(2) knows.
bool is_plain(short events) noexcept {
  constexpr short kReadable = POLLIN | POLLRDNORM;
  constexpr short kWritable = POLLOUT | POLLWRNORM;
  return events != 0 && (events & ~(kReadable | kWritable)) == 0;
}

short to_watched(short events) noexcept {
  return static_cast<short>(((events & (POLLIN | POLLRDNORM)) != 0 ? POLLIN : 0) |
                            ((events & (POLLOUT | POLLWRNORM)) != 0 ? POLLOUT : 0));
}

/// An epoll descriptor is readable when one of its own is ready: it stands for them where a watch knows too few events.
Fd gather(std::span<const pollfd> descriptors) noexcept {
  Fd set{::epoll_create1(EPOLL_CLOEXEC)};
  for (const auto& wanted : descriptors) {
    if (wanted.fd < 0) continue;
    // The two calls have the same numbers for the same events.
    epoll_event event{.events = static_cast<std::uint16_t>(wanted.events), .data = {.fd = wanted.fd}};
    if (::epoll_ctl(set.get(), EPOLL_CTL_ADD, wanted.fd, &event) == 0 || errno != EEXIST) continue;
    for (const auto& same : descriptors)
      if (same.fd == wanted.fd) event.events |= static_cast<std::uint16_t>(same.events);
    ::epoll_ctl(set.get(), EPOLL_CTL_MOD, wanted.fd, &event);
  }
  return set;
}

/// Where there is no descriptor left for such a set: the caller looks a hundred times a second.
Outcome look_again_later(nanoseconds timeout) noexcept {
  constexpr milliseconds kPause{10};
  const bool is_last = timeout >= nanoseconds::zero() && timeout <= kPause;
  if (!sleep_for(is_last ? timeout : kPause)) return Outcome::cancelled;
  return is_last ? Outcome::timed_out : Outcome::ready;
}

}  // namespace

Outcome wait_for(int descriptor, short events, nanoseconds timeout) noexcept {
  Entry entry;
  Wait wait{{&entry, 1}};
  wait.add(entry, descriptor);
  wait.watch(entry, events);
  return wait.park(timeout);
}

Outcome wait_for_any(std::span<pollfd> descriptors, nanoseconds timeout) noexcept {
  constexpr std::size_t kOnStack = 4;  // 600 bytes; who waits for more pays for memory
  std::array<Entry, kOnStack> few;
  std::unique_ptr<Entry[]> many;
  // One more than descriptors: for the set that stands for them.
  const std::size_t count = descriptors.size() + 1;
  if (count > kOnStack) many = std::make_unique<Entry[]>(count);
  const std::span<Entry> entries{many ? many.get() : few.data(), count};
  Wait wait{entries};
  const bool plain = std::all_of(descriptors.begin(), descriptors.end(),
                                 [](const pollfd& wanted) { return wanted.fd < 0 || is_plain(wanted.events); });
  const Fd set = plain ? Fd{} : gather(descriptors);
  if (!plain && !set) return look_again_later(timeout);
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    descriptors[i].revents = 0;
    if (descriptors[i].fd < 0) continue;
    wait.add(entries[i], descriptors[i].fd);
    if (!set) wait.watch(entries[i], to_watched(descriptors[i].events));
  }
  if (set) {
    wait.add(entries.back(), set.get());
    wait.watch(entries.back(), POLLIN);
  }
  const Outcome outcome = wait.park(timeout);
  for (std::size_t i = 0; i < descriptors.size(); ++i)
    if (entries[i].is_closed) descriptors[i].revents = POLLNVAL;
  return outcome;
}

void wake_before_close(int descriptor) noexcept {
  if (descriptor < 0) return;
  for (Entry* entry = chain_of(descriptor); entry; entry = entry->next)
    if (entry->descriptor == descriptor) entry->wait->close(*entry);
}

bool may_have_waiters(int descriptor) noexcept { return chain_of(descriptor) != nullptr; }

void wake_before_close(unsigned first, unsigned last) noexcept {
  for (Entry* const head : t_waiting) {
    for (Entry* entry = head; entry; entry = entry->next) {
      const auto number = static_cast<unsigned>(entry->descriptor);
      if (number >= first && number <= last) entry->wait->close(*entry);
    }
  }
}

}  // namespace indrik::fiber
