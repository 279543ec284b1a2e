#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <indrik/sdk/offload.hpp>
#include <indrik/sdk/semaphore.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

/// How many connections a worker keeps, and for how long.
struct PoolOptions {
  std::size_t size = 8;                    ///< at most
  std::chrono::milliseconds wait{5'000};   ///< for one to come back where all are out; then TimedOut is thrown
  std::chrono::milliseconds idle{60'000};  ///< one that nobody has used for that long is destroyed; 0: none is
};

/// Connections, or whatever is dear to make, of one worker: made when they are first needed, used by one handler at a
/// time, kept for the next. For coroutines, fibers, threads and class sync alike; who waits for one is served in turn.
///
/// A lease that an exception passes through destroys its connection: nobody knows what is still on its way on it.
/// Lease::keep_after_failure() says that it is known.
///
/// The Pool outlives its leases: keep it where the handlers are kept, as in std::make_shared<Pool<T>>(app, ...).
template <class T>
class Pool {
 public:
  using Make = std::function<std::unique_ptr<T>()>;
  using AsyncMake = std::function<Task<std::unique_ptr<T>>()>;

  /// The right to one connection.
  class [[nodiscard]] Lease {
   public:
    Lease(Lease&& other) noexcept
        : pool_{other.pool_},
          permit_{std::move(other.permit_)},
          connection_{std::move(other.connection_)},
          exceptions_{std::uncaught_exceptions()},
          is_kept_{other.is_kept_} {}
    Lease& operator=(Lease&& other) noexcept {
      std::swap(pool_, other.pool_);
      std::swap(permit_, other.permit_);
      std::swap(connection_, other.connection_);
      std::swap(is_kept_, other.is_kept_);
      return *this;
    }
    ~Lease() {
      if (!connection_) return;
      if (is_kept_ || std::uncaught_exceptions() <= exceptions_) pool_->give_back(std::move(connection_));
    }

    T& operator*() const noexcept { return *connection_; }
    T* operator->() const noexcept { return connection_.get(); }
    /// It is broken: it is destroyed, and the next is a new one.
    void discard() noexcept {
      connection_.reset();
      permit_.release();
    }
    /// It is in order whatever is thrown from here on.
    void keep_after_failure() noexcept { is_kept_ = true; }

   private:
    friend class Pool;
    Lease(Pool& pool, Semaphore::Permit permit, std::unique_ptr<T> connection) noexcept
        : pool_{&pool}, permit_{std::move(permit)}, connection_{std::move(connection)} {}

    Pool* pool_;
    Semaphore::Permit permit_;  ///< given back after the connection
    std::unique_ptr<T> connection_;
    int exceptions_ = std::uncaught_exceptions();
    bool is_kept_ = false;
  };

  /// `make` returns a T or a std::unique_ptr<T>, and may block; or it is a coroutine, which returns a Task of either.
  /// With one of each, blocking handlers use the one and coroutines the other; with a blocking one only, coroutines
  /// have it run on a thread. What it throws is thrown by take().
  template <class First, class... Second>
  Pool(App& app, PoolOptions options, First make, Second... other)
      : api_{sdk::api_of(app)}, options_{options}, permits_{app, options.size} {
    static_assert(sizeof...(Second) < 2, "indrik: a pool has one blocking way to make a connection, and one async");
    if (options.size == 0) throw std::invalid_argument{"a pool of no connections"};
    idle_.reserve(options.size);
    set_make(std::move(make));
    (set_make(std::move(other)), ...);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    if (api_.loop == nullptr) return;
    api_.loop->withdraw(api_.host, &post_);
    api_.loop->cancel_timer(api_.host, &timer_);
  }

  /// Asked of each connection that was idle before it is given to anybody: false, and it is destroyed. It must not
  /// block; is_quiet() is one for sockets.
  void check(std::function<bool(T&)> is_healthy) { is_healthy_ = std::move(is_healthy); }

  /// For blocking handlers. Throws TimedOut, what `make` throws, and Cancelled in a fiber whose request is cancelled.
  Lease take() {
    auto permit = permits_.acquire(options_.wait);
    if (auto connection = take_idle()) return {*this, std::move(permit), std::move(connection)};
    if (!make_) throw std::logic_error{"this pool makes connections for coroutines only"};
    return {*this, std::move(permit), make_()};
  }
  /// `auto connection = co_await pool->async_take();`. Throws the same.
  Task<Lease> async_take() {
    auto permit = co_await permits_.async_acquire(options_.wait);
    auto connection = take_idle();
    if (!connection && async_make_) connection = co_await async_make_();
    if (!connection) connection = co_await offload(make_);
    co_return Lease{*this, std::move(permit), std::move(connection)};
  }

  /// How many connections wait to be used.
  std::size_t idle() const {
    const std::lock_guard lock{mutex_};
    return idle_.size();
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Idle {
    std::unique_ptr<T> connection;
    Clock::time_point since;
  };

  template <class Function>
  void set_make(Function make) {
    using Made = std::invoke_result_t<Function&>;
    if constexpr (std::same_as<Made, Task<std::unique_ptr<T>>>)
      async_make_ = std::move(make);
    else if constexpr (std::same_as<Made, Task<T>>)
      async_make_ = [make = std::move(make)]() mutable { return boxed(make()); };
    else if constexpr (std::same_as<Made, std::unique_ptr<T>>)
      make_ = std::move(make);
    else
      make_ = [make = std::move(make)]() mutable { return std::make_unique<T>(make()); };
  }
  static Task<std::unique_ptr<T>> boxed(Task<T> making) { co_return std::make_unique<T>(co_await std::move(making)); }

  /// The one used last, which is the warmest. Null: there is none.
  std::unique_ptr<T> take_idle() {
    while (true) {
      std::unique_ptr<T> connection;
      {
        const std::lock_guard lock{mutex_};
        if (idle_.empty()) return nullptr;
        connection = std::move(idle_.back().connection);
        idle_.pop_back();
      }
      if (!is_healthy_ || is_healthy_(*connection)) return connection;
    }
  }

  /// Any thread.
  void give_back(std::unique_ptr<T> connection) noexcept {
    const std::lock_guard lock{mutex_};
    idle_.push_back({std::move(connection), Clock::now()});  // there is room for all
    if (options_.idle <= options_.idle.zero() || std::exchange(is_watched_, true)) return;
    is_watched_ = api_.loop->post(api_.host, &post_, &Pool::watch_idle, this) == INDRIK_OK;
  }

  /// On the loop: destroys those that nobody needs, and looks again when the next may be one.
  static void watch_idle(void* whom) {
    auto& self = *static_cast<Pool*>(whom);
    std::vector<std::unique_ptr<T>> unused;  // destroyed without the lock
    const std::lock_guard lock{self.mutex_};
    const auto now = Clock::now();
    while (!self.idle_.empty() && now - self.idle_.front().since >= self.options_.idle) {
      unused.push_back(std::move(self.idle_.front().connection));
      self.idle_.erase(self.idle_.begin());
    }
    self.is_watched_ = !self.idle_.empty();
    if (!self.is_watched_) return;
    const auto left = std::chrono::nanoseconds{self.idle_.front().since + self.options_.idle - now};
    self.api_.loop->start_timer(self.api_.host, &self.timer_, static_cast<std::uint64_t>(left.count()),
                                &Pool::watch_idle, whom);
  }

  const sdk::Api& api_;
  const PoolOptions options_;
  Semaphore permits_;
  Make make_;
  AsyncMake async_make_;
  std::function<bool(T&)> is_healthy_;
  mutable std::mutex mutex_;
  std::vector<Idle> idle_;  ///< the one used last is last
  bool is_watched_ = false;
  indrik_post post_{};
  indrik_timer timer_{};
};

/// For Pool::check(): a socket on which nothing has come, neither bytes, which nobody has asked for, nor its end.
inline bool is_quiet(int socket) noexcept {
  char byte = 0;
  return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace indrik
#pragma GCC visibility pop
