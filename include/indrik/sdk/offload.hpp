#pragma once

#include <cxxabi.h>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

#include <indrik/sdk/ready.hpp>
#include <indrik/sdk/task.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// A function that runs on a thread while the coroutine waits for it.
template <class Function>
class Offload final : public Wait {
 public:
  using Result = std::invoke_result_t<Function>;
  using Value = std::conditional_t<std::is_void_v<Result>, std::monostate, Result>;
  static_assert(!std::is_reference_v<Result>, "indrik: what offload() runs must return a value, or nothing");

  explicit Offload(Function&& function) noexcept : function_{std::forward<Function>(function)} {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    static_assert(OurPromise<Promise>, "indrik: offload() can be awaited in an indrik::Task only");
    loop_ = &loop_of(*waiter.promise().context.api);
    return begin(waiter.promise().context, waiter);
  }
  Result await_resume() {
    throw_if_cancelled();
    if (taken_ == INDRIK_E_NO_MEMORY) throw std::bad_alloc{};
    if (taken_ != INDRIK_OK) throw std::runtime_error{"offload: the loop takes no work now"};
    if (outcome_.index() == 0) throw Cancelled{};  // before it had begun
    if (auto* const thrown = std::get_if<2>(&outcome_)) std::rethrow_exception(std::move(*thrown));
    if constexpr (!std::is_void_v<Result>) return std::get<1>(std::move(outcome_));
  }

 private:
  bool start() noexcept override {
    taken_ = loop_->offload(context().api->host, &job_, &Offload::run, &Offload::done, this);
    return taken_ == INDRIK_OK;
  }
  /// Nothing stops a thread; one that has not begun can leave it at that.
  bool forget() noexcept override {
    is_unwanted_.store(true, std::memory_order_relaxed);
    return false;
  }
  static void run(void* whom) {
    auto& self = *static_cast<Offload*>(whom);
    if (self.is_unwanted_.load(std::memory_order_relaxed)) return;
    try {
      if constexpr (std::is_void_v<Result>) {
        std::forward<Function>(self.function_)();
        self.outcome_.template emplace<1>();
      } else {
        self.outcome_.template emplace<1>(std::forward<Function>(self.function_)());
      }
    } catch (const abi::__forced_unwind&) {
      throw;
    } catch (...) {
      self.outcome_.template emplace<2>(std::current_exception());
    }
  }
  static void done(void* whom) noexcept { static_cast<Offload*>(whom)->finish(); }

  Function function_;
  indrik_job job_{};
  const indrik_loop* loop_ = nullptr;
  std::int32_t taken_ = INDRIK_OK;
  std::atomic<bool> is_unwanted_{false};
  std::variant<std::monostate, Value, std::exception_ptr> outcome_;
};

}  // namespace sdk

/// `auto hash = co_await offload([&] { return slow_hash(text); });` runs a function that blocks or computes for long on
/// a thread of the worker's pool (offload_threads) and gives what it returns, or throws what it throws. A thread cannot
/// be stopped: when the coroutine is cancelled it is told once the function has returned, so that what it refers to is
/// there till then; one that has not begun does not run.
/// A function with a name is referred to and not copied. One without is refused if it owns something: made within a
/// co_await, it is destroyed twice by GCC 12, the second time as bytes copied elsewhere.
template <class Function>
[[nodiscard]] sdk::Offload<Function> offload(Function&& function) noexcept {
  static_assert(std::is_lvalue_reference_v<Function> || std::is_trivially_copyable_v<Function>,
                "indrik: capture by reference, or give the function a name before co_await: GCC 12 would destroy what "
                "it captures twice");
  return sdk::Offload<Function>{std::forward<Function>(function)};
}

}  // namespace indrik
#pragma GCC visibility pop
