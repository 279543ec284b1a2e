#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <indrik/sdk/log.hpp>
#include <indrik/sdk/ready.hpp>
#include <indrik/sdk/spawn.hpp>
#include <indrik/sdk/thrown.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// What of a plugin runs for no request; part of its App.
class Background {
 public:
  explicit Background(const Api& api) noexcept : context_{&api, nullptr, &scope_} {}

  /// Begins a task soon. Any thread.
  template <class T>
  std::shared_ptr<SpawnedState<T>> begin(Task<T> task) {
    const auto& loop = loop_of(*context_.api);
    auto started = std::make_shared<Starting<T>>(std::move(task), context_);
    started->room = started;
    if (loop.post(context_.api->host, &started->post, &Starting<T>::start, started.get()) == INDRIK_OK) return started;
    started->room.reset();
    throw std::logic_error{"spawn: from on_start() to on_stop() only"};
  }

  /// Runs a task to its end, in start() or stop(), and throws what it throws.
  void run(Task<> task) {
    const auto state = begin(std::move(task));
    while (!state->has_ended)
      if (turn(std::chrono::seconds{1}) != INDRIK_OK) throw std::logic_error{"the loop runs already"};
    state->strand.take();
  }

  /// Cancels all, and waits until they have ended, for `patience` at most. False: some have not.
  bool end(std::chrono::nanoseconds patience) noexcept {
    using Clock = std::chrono::steady_clock;
    if (context_.api->loop == nullptr) return true;
    const auto until = Clock::now() + patience;
    turn({});  // what was posted begins
    scope_.cancel();
    while (scope_.has_children() && Clock::now() < until && turn(until - Clock::now()) == INDRIK_OK) continue;
    return !scope_.has_children();
  }

 private:
  template <class T>
  struct Starting : SpawnedState<T> {
    Starting(Task<T>&& task, const Context& parent) : SpawnedState<T>{std::move(task)}, context{parent} {}

    static void start(void* whom) {
      auto& self = *static_cast<Starting*>(whom);
      self.SpawnedState<T>::start(self.context, std::move(self.room));
    }

    Context context;
    std::shared_ptr<Starting> room;  ///< keeps it until it begins
    indrik_post post{};
  };

  std::int32_t turn(std::chrono::nanoseconds at_most) const noexcept {
    const auto ns = at_most.count() > 0 ? at_most.count() : 0;
    return context_.api->loop->turn(context_.api->host, ns);
  }

  Scope scope_;
  Context context_;
};

/// Nobody awaits it: what it throws is logged.
inline Task<> logging_failure(const Api* api, Task<> task) {
  try {
    co_await std::move(task);
  } catch (const Cancelled&) {
    throw;
  } catch (...) {
    Log{api->host}.error("a task of the background has failed: {}", what_was_thrown());
    throw;
  }
}

}  // namespace sdk

/// A task of the plugin's own. It goes on whether or not this object is there. Loop thread only.
class BackgroundTask {
 public:
  explicit BackgroundTask(std::shared_ptr<sdk::SpawnedState<void>> state) noexcept : state_{std::move(state)} {}

  bool done() const noexcept { return state_->has_ended; }
  /// What it awaits throws Cancelled: soon, not within this call.
  void cancel() const noexcept { state_->strand.scope().cancel(); }
  /// `co_await task.join()` waits for its end, and throws what it throws; once.
  [[nodiscard]] sdk::Join<void> join() const { return sdk::Join<void>{state_}; }

 private:
  std::shared_ptr<sdk::SpawnedState<void>> state_;
};

}  // namespace indrik
#pragma GCC visibility pop
