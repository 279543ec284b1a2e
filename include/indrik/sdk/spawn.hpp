#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include <indrik/sdk/strand.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// Who waits for a spawned task.
class Joiner : public Wait {
 public:
  using Wait::take_waiter;

 protected:
  Joiner() = default;
  ~Joiner() override = default;
};

/// A task on its own; kept by itself while it runs, and by whoever holds a handle.
template <class T>
struct SpawnedState {
  explicit SpawnedState(Task<T>&& task) : strand{std::move(task)} {}

  void start(const Context& parent, std::shared_ptr<SpawnedState> us) noexcept {
    itself = std::move(us);
    strand.start(parent, {&SpawnedState::on_end, this});
  }
  static std::coroutine_handle<> on_end(void* whom) noexcept {
    auto& self = *static_cast<SpawnedState*>(whom);
    self.has_ended = true;
    const auto waiter = self.joiner != nullptr ? std::exchange(self.joiner, nullptr)->take_waiter() : nullptr;
    const auto last = std::move(self.itself);  // this may be gone at the end
    return waiter;
  }

  Strand<T> strand;
  std::shared_ptr<SpawnedState> itself;
  Joiner* joiner = nullptr;
  bool has_ended = false;
  bool is_taken = false;
};

/// `co_await child.join()`.
template <class T>
class Join final : public Joiner {
 public:
  explicit Join(std::shared_ptr<SpawnedState<T>> state) : state_{std::move(state)} {
    if (!state_ || state_->is_taken || state_->joiner != nullptr)
      throw std::logic_error{"a spawned task can be joined once"};
  }

  bool await_ready() const noexcept { return state_->has_ended; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    static_assert(OurPromise<Promise>, "indrik: join() can be awaited in an indrik::Task only");
    return this->begin(waiter.promise().context, waiter);
  }
  T await_resume() {
    this->throw_if_cancelled();
    state_->is_taken = true;
    if constexpr (std::is_void_v<T>)
      state_->strand.take();
    else
      return state_->strand.take();
  }

 private:
  bool start() noexcept override {
    state_->joiner = this;
    return true;
  }
  bool forget() noexcept override {
    state_->joiner = nullptr;
    return true;
  }

  std::shared_ptr<SpawnedState<T>> state_;
};

}  // namespace sdk

/// A task that runs beside the coroutine that has spawned it, and for the same request. It ends with this object at the
/// latest: if it has not been joined it is cancelled, and unwound within the destructor, unless it waits for what
/// cannot be given up (a function on a thread). What it refers to should therefore outlive this object; where that is
/// hard to see, use when_all(). Loop thread only.
template <class T = void>
class [[nodiscard]] Spawned {
 public:
  explicit Spawned(std::shared_ptr<sdk::SpawnedState<T>> state) noexcept : state_{std::move(state)} {}
  Spawned(Spawned&&) noexcept = default;
  Spawned& operator=(Spawned&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Spawned() {
    if (state_ && !state_->has_ended) state_->strand.scope().cancel_now();
  }

  bool done() const noexcept { return state_->has_ended; }
  /// What it awaits throws Cancelled: soon, not within this call.
  void cancel() noexcept { state_->strand.scope().cancel(); }
  /// `co_await child.join()` gives what it gives and throws what it throws; once.
  [[nodiscard]] sdk::Join<T> join() { return sdk::Join<T>{state_}; }

 private:
  std::shared_ptr<sdk::SpawnedState<T>> state_;
};

namespace sdk {

/// `co_await spawn(task)`, which does not wait.
template <class T>
class Spawn {
 public:
  explicit Spawn(Task<T>&& task) : state_{std::make_shared<SpawnedState<T>>(std::move(task))} {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> parent) noexcept {
    static_assert(OurPromise<Promise>, "indrik: spawn() can be awaited in an indrik::Task only");
    state_->start(parent.promise().context, state_);
    return false;
  }
  Spawned<T> await_resume() noexcept { return Spawned<T>{std::move(state_)}; }

 private:
  std::shared_ptr<SpawnedState<T>> state_;
};

}  // namespace sdk

/// `auto child = co_await spawn(task);` begins a task and goes on with both. See Spawned for its end; what shall go on
/// when the request is answered is for App::spawn().
template <class T>
[[nodiscard]] sdk::Spawn<T> spawn(Task<T> task) {
  return sdk::Spawn<T>{std::move(task)};
}

}  // namespace indrik
#pragma GCC visibility pop
