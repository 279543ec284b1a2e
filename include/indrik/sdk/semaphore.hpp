#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

#include <indrik/sdk/app.hpp>
#include <indrik/sdk/waiter.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

/// So many at once and no more: a limit for one worker, first come, first served. For coroutines, fibers and threads
/// alike; each waits in its own way. What stands in class sync's way of waiting holds the worker: only other threads
/// can end it.
class Semaphore {
 public:
  /// The right to be one of them, given back by its destructor.
  class [[nodiscard]] Permit {
   public:
    Permit() = default;
    explicit Permit(Semaphore& semaphore) noexcept : semaphore_{&semaphore} {}
    Permit(Permit&& other) noexcept : semaphore_{std::exchange(other.semaphore_, nullptr)} {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(semaphore_, other.semaphore_);
      return *this;
    }
    ~Permit() { release(); }

    explicit operator bool() const noexcept { return semaphore_ != nullptr; }
    /// Gives it back earlier.
    void release() noexcept {
      if (auto* const semaphore = std::exchange(semaphore_, nullptr)) semaphore->release();
    }
    /// Does not give it back: whoever calls Semaphore::release() does.
    void keep() noexcept { semaphore_ = nullptr; }

   private:
    Semaphore* semaphore_ = nullptr;
  };

  Semaphore(App& app, std::size_t permits) noexcept : api_{sdk::api_of(app)}, permits_{permits} {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  /// For blocking handlers. Throws TimedOut, and Cancelled in a fiber whose request is cancelled.
  Permit acquire(std::chrono::nanoseconds timeout = sdk::kForever) {
    return sdk::BlockingWait{api_}.run(timeout, Acquisition{*this});
  }
  /// `const auto permit = co_await limit.async_acquire();`. Throws the same.
  [[nodiscard]] auto async_acquire(std::chrono::nanoseconds timeout = sdk::kForever) {
    return sdk::AsyncWait<Acquisition>{api_, timeout, *this};
  }
  /// Without waiting: none if there is none, or others wait for it.
  std::optional<Permit> try_acquire() {
    const std::lock_guard lock{mutex_};
    if (!take()) return std::nullopt;
    return Permit{*this};
  }
  /// One more than there was, whether or not it was taken before. Any thread.
  void release() noexcept {
    const std::lock_guard lock{mutex_};
    line_.empty() ? void(++permits_) : line_.grant_first();
  }

 private:
  struct Acquisition {
    explicit Acquisition(Semaphore& s) noexcept : semaphore{s} {}
    bool begin(sdk::Waiter& waiter) noexcept {
      const std::lock_guard lock{semaphore.mutex_};
      if (semaphore.take()) return true;
      semaphore.line_.join(waiter);
      return false;
    }
    bool withdraw(sdk::Waiter& waiter) noexcept {
      const std::lock_guard lock{semaphore.mutex_};
      return semaphore.line_.leave(waiter);
    }
    Permit result() noexcept { return Permit{semaphore}; }
    Semaphore& semaphore;
  };

  bool take() noexcept {
    if (permits_ == 0) return false;  // then only does anybody wait
    --permits_;
    return true;
  }

  const sdk::Api& api_;
  std::mutex mutex_;
  std::size_t permits_;
  sdk::WaitLine line_;
};

}  // namespace indrik
#pragma GCC visibility pop
