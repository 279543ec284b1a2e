#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include <indrik/sdk/ready.hpp>
#include <indrik/sdk/timeout.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// One who waits in a line until somebody grants him what he waits for; in his own memory. What becomes of it is
/// guarded by the lock of whoever has the line.
class Waiter {
 public:
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  void* item = nullptr;  ///< the line owner's

 protected:
  Waiter() = default;
  virtual ~Waiter() = default;

 private:
  friend class WaitLine;
  /// Any thread; with that lock held, so that he cannot go meanwhile.
  virtual void wake() noexcept = 0;

  Waiter* next_ = nullptr;
  Waiter* previous_ = nullptr;
  bool stands_ = false;
};

/// Waiters, first come, first served.
class WaitLine {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  Waiter* first() const noexcept { return first_; }

  void join(Waiter& waiter) noexcept {
    waiter.stands_ = true;
    waiter.next_ = nullptr;
    waiter.previous_ = last_;
    (last_ != nullptr ? last_->next_ : first_) = &waiter;
    last_ = &waiter;
  }
  /// False: he does not stand here any more, because it was granted.
  bool leave(Waiter& waiter) noexcept {
    if (!std::exchange(waiter.stands_, false)) return false;
    (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
    (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
    return true;
  }
  /// To the first, who goes on.
  void grant_first() noexcept {
    auto& waiter = *first_;
    leave(waiter);
    waiter.wake();
  }

 private:
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

/// For ever; other timeouts are counted from when the waiting begins.
inline constexpr std::chrono::nanoseconds kForever = std::chrono::nanoseconds::max();

/// Waiting for an operation in a coroutine. An Operation has
///   bool begin(Waiter&) noexcept;    true: it is done already; false: the waiter stands in a line for it
///   bool withdraw(Waiter&) noexcept; out of the line again; false: it is done
///   T result();                      once it is done
template <class Operation>
class AsyncWait final : public Wait, private Waiter {
 public:
  template <class... Args>
  explicit AsyncWait(const Api& api, std::chrono::nanoseconds timeout, Args&&... args)
      : loop_{loop_of(api)}, timeout_{timeout}, operation_{std::forward<Args>(args)...} {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    static_assert(OurPromise<Promise>, "indrik: this can be awaited in an indrik::Task only");
    return begin(waiter.promise().context, waiter);
  }
  auto await_resume() {
    throw_if_cancelled();
    if (is_late_) throw TimedOut{};
    return operation_.result();
  }

 private:
  bool start() noexcept override {
    if (operation_.begin(*this)) return false;
    if (timeout_ != kForever) start_timer(timeout_, &AsyncWait::on_time);
    return true;
  }
  bool forget() noexcept override {
    if (!operation_.withdraw(*this)) return false;
    if (timeout_ != kForever) cancel_timer();
    return true;
  }
  void wake() noexcept override { loop_.post(context().api->host, &post_, &AsyncWait::on_post, this); }

  static void on_post(void* whom) noexcept {
    auto& self = *static_cast<AsyncWait*>(whom);
    if (self.timeout_ != kForever) self.cancel_timer();
    self.finish();
  }
  static void on_time(void* wait) noexcept {
    auto& self = *static_cast<AsyncWait*>(static_cast<Wait*>(wait));
    if (!self.operation_.withdraw(self)) return;  // the post is on its way
    self.is_late_ = true;
    self.finish();
  }

  const indrik_loop& loop_;
  std::chrono::nanoseconds timeout_;
  Operation operation_;
  indrik_post post_{};
  bool is_late_ = false;
};

/// Waiting for the same in a blocking handler, whatever it runs in: a fiber, a thread, or the loop of class sync.
class BlockingWait final : private Waiter {
 public:
  explicit BlockingWait(const Api& api) : api_{api}, loop_{loop_of(api)} {}

  template <class Operation>
  auto run(std::chrono::nanoseconds timeout, Operation&& operation) {
    if (operation.begin(*this)) return operation.result();
    const auto outcome = loop_.park(api_.host, &parker_, timeout == kForever ? INDRIK_NO_TIMEOUT : timeout.count());
    if (outcome == INDRIK_OK || !operation.withdraw(*this)) return operation.result();
    if (outcome == INDRIK_E_CANCELLED) throw Cancelled{};
    if (outcome != INDRIK_E_AGAIN) throw std::logic_error{"waiting: from on_start() to on_stop() only"};
    throw TimedOut{};
  }

 private:
  void wake() noexcept override { loop_.unpark(api_.host, &parker_); }

  const Api& api_;
  const indrik_loop& loop_;
  indrik_parker parker_{};
};

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
