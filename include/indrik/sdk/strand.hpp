#pragma once

#include <coroutine>
#include <utility>

#include <indrik/sdk/task.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// A task that runs beside whoever started it, in a scope of its own. It must neither move nor go before it has ended.
template <class T>
class Strand {
 public:
  using Promise = TaskPromise<T>;
  using Value = typename Promise::Value;

  /// Throws std::logic_error where the task was awaited before, or moved from.
  explicit Strand(Task<T>&& task) : task_{std::move(task)} { Task<T>::check(task_.coroutine_); }
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;

  /// Runs it until it waits for something. `ended` is asked when it, and all that it has started, have ended; it may
  /// free this.
  void start(const Context& parent, Scope::Next ended) noexcept {
    ended_ = ended;
    scope_.enter(*parent.scope);
    auto& promise = task_.coroutine_.promise();
    promise.context = {parent.api, parent.exchange, &scope_};
    promise.next = {&Strand::on_return, this};
    task_.coroutine_.resume();
  }

  Scope& scope() noexcept { return scope_; }
  bool failed() const noexcept { return task_.coroutine_.promise().outcome.index() == 2; }
  /// What it came to, once: its value (std::monostate for void), or its exception thrown.
  Value take() { return task_.coroutine_.promise().take(); }

 private:
  static std::coroutine_handle<> on_return(void* whom) noexcept {
    auto& self = *static_cast<Strand*>(whom);
    return self.scope_.end_children({&Strand::on_end, whom}) ? nullptr : on_end(whom);
  }
  static std::coroutine_handle<> on_end(void* whom) noexcept {
    auto& self = *static_cast<Strand*>(whom);
    const auto ended = self.ended_;
    const auto first = self.scope_.leave();
    const auto second = ended.get(ended.whom);
    if (first && second) first.resume();
    return second ? second : first;
  }

  Scope scope_;
  Task<T> task_;
  Scope::Next ended_;
};

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
