#include "fiber/address_wait.h"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "fiber/fiber.h"
#include "fiber/real_call.h"
#include "fiber/remote_wakes.h"

namespace indrik::fiber {

constinit std::atomic<std::uint32_t> detail::address_waits{0};

namespace {

// The calls themselves: the hooked ones would park the fiber.
constinit RealCall<decltype(::sched_yield)> real_yield{"sched_yield"};
constinit RealCall<decltype(::eventfd_write)> real_eventfd_write{"eventfd_write"};

// How often fibers look when nobody can wake them from outside.
constexpr milliseconds kLookAgain{5};

/// All waits of the process, by address. What is done under its lock is short and calls nothing that could wait. No
/// mutex: inside a fiber that would be hooked.
class Lines {
 public:
  void lock() noexcept {
    for (unsigned tries = 1; busy_.test_and_set(std::memory_order_acquire); ++tries)
      if (tries % 64 == 0) real_yield();
  }
  void unlock() noexcept { busy_.clear(std::memory_order_release); }
  WaitLine& of(const void* address) noexcept {
    const auto spread = (reinterpret_cast<std::uintptr_t>(address) >> 2) * 0x9E37'79B9'7F4A'7C15ULL;
    return lines_[static_cast<std::size_t>(spread >> 56U)];
  }

 private:
  std::atomic_flag busy_;
  std::array<WaitLine, 256> lines_{};
};

constinit Lines g_lines;

/// Held for a few instructions.
class Held {
 public:
  Held() noexcept { g_lines.lock(); }
  ~Held() { g_lines.unlock(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
};

constinit thread_local char t_place = 0;

/// Tells threads apart.
[[gnu::noinline]] const void* this_thread() noexcept { return &t_place; }

}  // namespace

AddressWait::AddressWait(const void* address) noexcept : address_{address}, wakes_{remote_wakes()} {
  detail::address_waits.fetch_add(1, std::memory_order_seq_cst);
  const Held held;
  append_to(g_lines.of(address));
}

AddressWait::~AddressWait() {
  leave_line();
  detail::address_waits.fetch_sub(1, std::memory_order_relaxed);
}

bool AddressWait::leave_line() noexcept {
  const Held held;
  if (state_ == State::waiting) unlink(g_lines.of(address_));
  if (state_ == State::on_its_way) unlink(wakes_.on_their_way_);
  return std::exchange(state_, State::woken) != State::waiting;
}

WaitEnd AddressWait::wait(nanoseconds at_most) noexcept {
  const auto end = parking_.wait(wakes_.works() ? at_most : std::min<nanoseconds>(at_most, kLookAgain));
  if (end == WaitEnd::woken) return end;
  {
    const Held held;
    if (state_ == State::waiting) return end;
  }
  leave_line();  // somebody was about to wake us
  return WaitEnd::woken;
}

void AddressWait::unlink(WaitLine& line) noexcept {
  (before_ != nullptr ? before_->next_ : line.first) = next_;
  (next_ != nullptr ? next_->before_ : line.last) = before_;
  before_ = next_ = nullptr;
}

void AddressWait::append_to(WaitLine& line) noexcept {
  before_ = line.last;
  next_ = nullptr;
  (line.last != nullptr ? line.last->next_ : line.first) = this;
  line.last = this;
}

std::size_t wake_waiters(const void* address, std::size_t at_most) noexcept {
  WaitLine of_this_thread;
  std::size_t woken = 0;
  {
    const Held held;
    auto& line = g_lines.of(address);
    for (AddressWait* wait = line.first; wait != nullptr && woken < at_most;) {
      AddressWait* const next = wait->next_;
      if (wait->address_ == address) {
        wait->unlink(line);
        wait->wakes_.on_this_thread() ? wait->go_to(of_this_thread) : wait->wakes_.deliver(*wait);
        ++woken;
      }
      wait = next;
    }
  }
  AddressWait::wake_all(of_this_thread);
  return woken;
}

void AddressWait::go_to(WaitLine& woken) noexcept {
  state_ = State::woken;
  append_to(woken);
}

// They cannot end meanwhile: their fibers are this thread's.
void AddressWait::wake_all(const WaitLine& woken) noexcept {
  for (AddressWait* wait = woken.first; wait != nullptr; wait = wait->next_) wait->parking_.wake();
}

RemoteWakes::RemoteWakes(Watches& watches) noexcept
    : watches_{watches}, thread_{this_thread()}, event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  if (event_) watch();
}

RemoteWakes::~RemoteWakes() {
  if (event_) watches_.cancel(room_);
}

bool RemoteWakes::on_this_thread() const noexcept { return thread_ == this_thread(); }

void RemoteWakes::watch() noexcept { watches_.start(room_, event_.get(), POLLIN, &RemoteWakes::on_ready, this); }

// Under the lock to its end: until then the fiber, and with it the loop, cannot be gone.
void RemoteWakes::deliver(AddressWait& wait) noexcept {
  const bool first = on_their_way_.first == nullptr;
  wait.state_ = AddressWait::State::on_its_way;
  wait.append_to(on_their_way_);
  if (first && event_) real_eventfd_write(event_.get(), eventfd_t{1});
}

void RemoteWakes::on_ready(void* context, short) noexcept {
  auto& self = *static_cast<RemoteWakes*>(context);
  eventfd_t count = 0;
  ::eventfd_read(self.event_.get(), &count);
  self.watch();
  WaitLine woken;
  {
    const Held held;
    woken = std::exchange(self.on_their_way_, {});
    for (AddressWait* wait = woken.first; wait != nullptr; wait = wait->next_) wait->state_ = AddressWait::State::woken;
  }
  AddressWait::wake_all(woken);
}

}  // namespace indrik::fiber
