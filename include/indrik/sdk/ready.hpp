#pragma once

#include <cerrno>
#include <chrono>
#include <coroutine>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <indrik/sdk/alarm.hpp>
#include <indrik/sdk/task.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

inline const indrik_loop& loop_of(const Api& api) {
  if (api.loop == nullptr) throw std::runtime_error{"this server is too old: it has no indrik.loop/1"};
  return *api.loop;
}

/// Waits until a descriptor is ready.
class Ready final : public Wait {
 public:
  Ready(int descriptor, std::uint32_t events, std::optional<std::chrono::nanoseconds> timeout) noexcept
      : descriptor_{descriptor}, events_{events}, timeout_{timeout} {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    static_assert(OurPromise<Promise>, "indrik: a descriptor can be awaited in an indrik::Task only");
    loop_ = &loop_of(*waiter.promise().context.api);
    return begin(waiter.promise().context, waiter);
  }
  /// False: the time is over.
  bool await_resume() const {
    throw_if_cancelled();
    if (outcome_ == INDRIK_OK) return is_ready_;
    throw std::system_error{EBADF, std::generic_category(), "wait for a descriptor"};
  }

 private:
  bool start() noexcept override {
    outcome_ = loop_->start_watch(context().api->host, &watch_, descriptor_, events_, &Ready::on_ready, this);
    if (outcome_ != INDRIK_OK) return false;
    if (timeout_) start_timer(*timeout_, &Ready::on_time);
    return true;
  }
  bool forget() noexcept override {
    if (timeout_) cancel_timer();
    loop_->cancel_watch(context().api->host, &watch_);
    return true;
  }
  static void on_ready(void* whom, std::uint32_t) noexcept {
    auto& self = *static_cast<Ready*>(whom);
    if (self.timeout_) self.cancel_timer();
    self.is_ready_ = true;
    self.finish();
  }
  static void on_time(void* wait) noexcept {
    auto& self = *static_cast<Ready*>(static_cast<Wait*>(wait));
    self.loop_->cancel_watch(self.context().api->host, &self.watch_);
    self.finish();
  }

  indrik_watch watch_{};
  const indrik_loop* loop_ = nullptr;
  int descriptor_;
  std::uint32_t events_;
  std::optional<std::chrono::nanoseconds> timeout_;
  std::int32_t outcome_ = INDRIK_OK;
  bool is_ready_ = false;
};

}  // namespace sdk

/// `co_await wait_readable(fd)`: goes on when a read would not block: there is something, its end, or an error. Others
/// are served meanwhile. The descriptor must stay open. Throws Cancelled; std::system_error if it is not open.
[[nodiscard]] inline sdk::Ready wait_readable(int descriptor) noexcept {
  return {descriptor, INDRIK_READABLE, std::nullopt};
}
/// The same for that long at most: false when the time is over.
template <class Rep, class Period>
[[nodiscard]] sdk::Ready wait_readable(int descriptor, std::chrono::duration<Rep, Period> timeout) noexcept {
  return {descriptor, INDRIK_READABLE, sdk::to_nanoseconds(timeout)};
}
/// Until a write would not block.
[[nodiscard]] inline sdk::Ready wait_writable(int descriptor) noexcept {
  return {descriptor, INDRIK_WRITABLE, std::nullopt};
}
template <class Rep, class Period>
[[nodiscard]] sdk::Ready wait_writable(int descriptor, std::chrono::duration<Rep, Period> timeout) noexcept {
  return {descriptor, INDRIK_WRITABLE, sdk::to_nanoseconds(timeout)};
}

}  // namespace indrik
#pragma GCC visibility pop
