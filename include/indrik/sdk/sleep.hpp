#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>

#include <indrik/sdk/cancelled.hpp>
#include <indrik/sdk/task.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// The timer stands in the awaiting coroutine's frame, so that waiting allocates nothing.
class Sleep {
 public:
  explicit Sleep(std::chrono::nanoseconds delay) noexcept : delay_{delay} {}
  Sleep(const Sleep&) = delete;
  Sleep& operator=(const Sleep&) = delete;
  ~Sleep() {
    if (!sleeper_) return;
    forget_alarm();
    forget_cancellation();
  }

  bool await_ready() const noexcept { return delay_ <= delay_.zero(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> sleeper) noexcept {
    static_assert(OurPromise<Promise>, "indrik: sleep_for() can be awaited in an indrik::Task only");
    context_ = sleeper.promise().context;
    if (!watch_cancellation()) return false;  // goes on at once, and throws
    sleeper_ = sleeper;
    context_.api->async->start_timer(context_.exchange, &timer_, static_cast<std::uint64_t>(delay_.count()),
                                     &Sleep::wake, this);
    return true;
  }
  void await_resume() const {
    if (cancelled_) throw Cancelled{};
  }

 private:
  bool watch_cancellation() noexcept {
    const auto* const api = context_.api->deadline;
    cancelled_ = api != nullptr && api->on_cancel(context_.exchange, &watch_, &Sleep::cancel, this) != INDRIK_OK;
    return !cancelled_;
  }
  void forget_cancellation() noexcept {
    if (const auto* const api = context_.api->deadline; api != nullptr) api->forget(&watch_);
  }
  void forget_alarm() noexcept { context_.api->async->cancel_timer(context_.exchange, &timer_); }

  static void wake(void* room) noexcept {
    auto& self = *static_cast<Sleep*>(room);
    self.forget_cancellation();
    std::exchange(self.sleeper_, nullptr).resume();
  }
  static void cancel(void* room) noexcept {
    auto& self = *static_cast<Sleep*>(room);
    self.forget_alarm();
    self.cancelled_ = true;
    std::exchange(self.sleeper_, nullptr).resume();
  }

  indrik_timer timer_{};
  indrik_cancel_watch watch_{};
  std::chrono::nanoseconds delay_;
  Context context_;
  std::coroutine_handle<> sleeper_;  ///< none: the timer does not run
  bool cancelled_ = false;
};

}  // namespace sdk

/// `co_await sleep_for(100ms)` in a Task: goes on after that time, never before; others are served meanwhile.
/// Not at all for zero and less; for a century at most. Throws Cancelled as soon as the request's deadline passes.
template <class Rep, class Period>
[[nodiscard]] sdk::Sleep sleep_for(std::chrono::duration<Rep, Period> delay) noexcept {
  using std::chrono::nanoseconds;
  constexpr std::chrono::hours kCentury{876'000};  // fits nanoseconds, which the longest of other units does not
  return sdk::Sleep{delay < kCentury ? std::chrono::ceil<nanoseconds>(delay) : nanoseconds{kCentury}};
}

}  // namespace indrik
#pragma GCC visibility pop
