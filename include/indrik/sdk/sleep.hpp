#pragma once

#include <chrono>
#include <coroutine>

#include <indrik/sdk/cancelled.hpp>
#include <indrik/sdk/task.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

class Sleep final : public Wait {
 public:
  explicit Sleep(std::chrono::nanoseconds delay) noexcept : delay_{delay} {}

  bool await_ready() const noexcept { return delay_ <= delay_.zero(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> sleeper) noexcept {
    static_assert(OurPromise<Promise>, "indrik: sleep_for() can be awaited in an indrik::Task only");
    return begin(sleeper.promise().context, sleeper);
  }
  void await_resume() const { throw_if_cancelled(); }

 private:
  bool start() noexcept override {
    start_timer(delay_, &Sleep::wake);
    return true;
  }
  bool forget() noexcept override {
    cancel_timer();
    return true;
  }

  static void wake(void* wait) { static_cast<Sleep*>(static_cast<Wait*>(wait))->finish(); }

  std::chrono::nanoseconds delay_;
};

}  // namespace sdk

/// `co_await sleep_for(100ms)` in a Task: goes on after that time, never before; others are served meanwhile.
/// Not at all for zero and less; for a century at most. Throws Cancelled as soon as the request's deadline passes.
template <class Rep, class Period>
[[nodiscard]] sdk::Sleep sleep_for(std::chrono::duration<Rep, Period> delay) noexcept {
  return sdk::Sleep{sdk::to_nanoseconds(delay)};
}

}  // namespace indrik
#pragma GCC visibility pop
