#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

#include <indrik/sdk/frames.hpp>
#include <indrik/sdk/scope.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

template <class T>
class Task;

namespace sdk {

template <class T>
class Strand;
template <class T>
class InPlace;

/// What every coroutine of ours knows: for whom it runs. It is told by whoever awaits it.
struct PromiseBase {
  Context context;

  // NOLINTNEXTLINE(misc-new-delete-overloads): the check does not know that the sized one is enough
  static void* operator new(std::size_t size) { return Frames::take(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { Frames::leave(frame, size); }
};

template <class Promise>
concept OurPromise = std::derived_from<Promise, PromiseBase>;

[[noreturn, gnu::cold, gnu::noinline]] inline void refuse_to_await(bool is_there) {
  throw std::logic_error{is_there ? "an indrik::Task can be awaited once, and this one has been"
                                  : "an indrik::Task that was moved from cannot be awaited"};
}

/// The outermost coroutine's last: what it has started and not awaited is cancelled, and ends before it does.
struct ChildrenEnd {
  bool await_ready() const noexcept { return false; }
  template <OurPromise Promise>
  bool await_suspend(std::coroutine_handle<Promise> parent) const noexcept {
    auto* const scope = parent.promise().context.scope;
    return scope != nullptr && scope->end_children(to_resume(parent));
  }
  void await_resume() const noexcept {}
};

template <class T>
struct TaskPromiseBase : PromiseBase {
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  /// Goes on with whoever waits, without growing the stack. It may free this coroutine.
  struct ToWaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) const noexcept {
      const auto whom = done.promise().next;
      const auto waiter = whom.get(whom.whom);
      return waiter ? waiter : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  ToWaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { outcome.template emplace<2>(std::current_exception()); }

  /// What it gives, where it is.
  Value& get() {
    if (auto* thrown = std::get_if<2>(&outcome)) std::rethrow_exception(std::move(*thrown));
    return std::get<1>(outcome);
  }
  Value take() { return std::move(get()); }

  Scope::Next next;  ///< when it has ended
  std::variant<std::monostate, Value, std::exception_ptr> outcome;
};

template <class T>
struct TaskPromise : TaskPromiseBase<T> {
  Task<T> get_return_object() noexcept;
  template <std::convertible_to<T> From>
  void return_value(From&& value) {
    this->outcome.template emplace<1>(std::forward<From>(value));
  }
};

template <>
struct TaskPromise<void> : TaskPromiseBase<void> {
  Task<void> get_return_object() noexcept;
  void return_void() noexcept { outcome.emplace<1>(); }
};

}  // namespace sdk

/// A coroutine that gives a T. It begins when it is awaited, which can be done once, in another Task; what it throws is
/// thrown there. Awaiting it again, or one that was moved from, throws std::logic_error. Its frame is its only memory.
/// Loop thread only.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = sdk::TaskPromise<T>;

  Task(Task&& other) noexcept : coroutine_{std::exchange(other.coroutine_, nullptr)} {}
  Task& operator=(Task&& other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  class Awaiter {
   public:
    explicit Awaiter(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_{coroutine} {}
    bool await_ready() const {
      check(coroutine_);
      return false;
    }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
      static_assert(sdk::OurPromise<Promise>, "indrik: a Task can be awaited in another indrik::Task only");
      coroutine_.promise().context = waiter.promise().context;
      coroutine_.promise().next = sdk::to_resume(waiter);
      return coroutine_;
    }
    T await_resume() const {
      if constexpr (std::is_void_v<T>)
        coroutine_.promise().take();
      else
        return coroutine_.promise().take();
    }

   protected:
    std::coroutine_handle<promise_type> coroutine_;
  };
  Awaiter operator co_await() && noexcept { return Awaiter{coroutine_}; }

 private:
  friend promise_type;
  friend class sdk::Strand<T>;
  friend class sdk::InPlace<T>;
  explicit Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_{coroutine} {}
  /// Throws if it cannot begin: whoever awaits a task leaves word in it where to go on.
  static void check(std::coroutine_handle<promise_type> coroutine) {
    if (!coroutine || coroutine.promise().next.get != nullptr) sdk::refuse_to_await(coroutine != nullptr);
  }
  std::coroutine_handle<promise_type> coroutine_;
};

namespace sdk {

/// `const T& value = co_await InPlace{task}` leaves what the task gives in its frame, which stays as long as the task.
template <class T>
class InPlace final : public Task<T>::Awaiter {
 public:
  explicit InPlace(const Task<T>& task) noexcept : Task<T>::Awaiter{task.coroutine_} {}
  const T& await_resume() const { return this->coroutine_.promise().get(); }
};

template <class T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>{std::coroutine_handle<TaskPromise>::from_promise(*this)};
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>{std::coroutine_handle<TaskPromise>::from_promise(*this)};
}

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
