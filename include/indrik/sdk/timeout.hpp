#pragma once

#include <chrono>
#include <coroutine>
#include <stdexcept>
#include <utility>

#include <indrik/sdk/alarm.hpp>
#include <indrik/sdk/strand.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

/// Thrown where something took longer than it was given.
struct TimedOut : std::runtime_error {
  TimedOut() : std::runtime_error{"timed out"} {}
};

namespace sdk {

/// A task, and a timer that cancels it.
template <class T>
class Timed {
 public:
  Timed(std::chrono::nanoseconds time, Task<T>&& task) : time_{time}, strand_{std::move(task)} {}
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    static_assert(OurPromise<Promise>, "indrik: with_timeout() can be awaited in an indrik::Task only");
    context_ = waiter.promise().context;
    strand_.start(context_, {&Timed::on_end, this});
    if (has_ended_) return false;
    waiter_ = waiter;
    alarm_.start(context_, time_, &Timed::on_time, this);
    return true;
  }
  T await_resume() {
    const bool cancelled_by_us = is_late_ && !context_.scope->cancelled();
    try {
      if constexpr (std::is_void_v<T>)
        strand_.take();
      else
        return strand_.take();
    } catch (const Cancelled&) {
      if (!cancelled_by_us) throw;
      throw TimedOut{};
    }
  }

 private:
  static std::coroutine_handle<> on_end(void* whom) noexcept {
    auto& self = *static_cast<Timed*>(whom);
    self.has_ended_ = true;
    if (self.waiter_) self.alarm_.cancel(self.context_);
    return self.waiter_;
  }
  static void on_time(void* whom) noexcept {
    auto& self = *static_cast<Timed*>(whom);
    self.is_late_ = true;
    self.strand_.scope().cancel();
  }

  std::chrono::nanoseconds time_;
  Strand<T> strand_;
  Context context_;
  std::coroutine_handle<> waiter_;
  Alarm alarm_;
  bool has_ended_ = false;
  bool is_late_ = false;
};

}  // namespace sdk

/// `auto row = co_await with_timeout(100ms, query(...));` gives what the task gives. If it has not ended by then it is
/// cancelled, and when it has ended by that TimedOut is thrown. What it awaits then throws Cancelled, but for a
/// function on a thread (offload()), which nothing can stop: that one is awaited.
template <class Rep, class Period, class T>
[[nodiscard]] sdk::Timed<T> with_timeout(std::chrono::duration<Rep, Period> time, Task<T> task) {
  return sdk::Timed<T>{sdk::to_nanoseconds(time), std::move(task)};
}

}  // namespace indrik
#pragma GCC visibility pop
