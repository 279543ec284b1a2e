#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <indrik/sdk/app.hpp>
#include <indrik/sdk/waiter.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

/// Thrown by whoever sends into a channel that is closed.
struct ChannelClosed : std::runtime_error {
  ChannelClosed() : std::runtime_error{"the channel is closed"} {}
};

/// Values on their way from some to others within one worker, in their order, and no more than fit: who sends faster
/// than others receive waits. For coroutines, fibers and threads alike.
template <class T>
class Channel {
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "indrik: what goes through a channel is moved without throwing");

 public:
  Channel(App& app, std::size_t capacity)
      : api_{sdk::api_of(app)}, capacity_{capacity}, values_{std::make_unique<std::optional<T>[]>(capacity)} {
    if (capacity == 0) throw std::invalid_argument{"a channel holds one value at least"};
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// For blocking handlers. Throws ChannelClosed; TimedOut; and Cancelled in a fiber whose request is cancelled. The
  /// value is then lost.
  void send(T value, std::chrono::nanoseconds timeout = sdk::kForever) {
    sdk::BlockingWait{api_}.run(timeout, Sending{*this, std::move(value)});
  }
  /// `co_await channel.async_send(value)`; throws the same. A struct without constructors that owns something needs a
  /// name: made within a co_await, it is destroyed twice by GCC 12.
  template <class From>
  [[nodiscard]] auto async_send(From&& value, std::chrono::nanoseconds timeout = sdk::kForever) {
    static_assert(
        std::is_lvalue_reference_v<From> || !std::is_aggregate_v<T> || std::is_trivially_copyable_v<T>,
        "indrik: give the value a name before co_await, and send that, or use async_send_from(): GCC 12 would "
        "destroy it twice");
    return sdk::AsyncWait<Sending>{api_, timeout, *this, T(std::forward<From>(value))};
  }
  /// The same; the value is moved out of `value`.
  [[nodiscard]] auto async_send_from(T& value, std::chrono::nanoseconds timeout = sdk::kForever) {
    return sdk::AsyncWait<Sending>{api_, timeout, *this, std::move(value)};
  }

  /// The next value; none when the channel is closed and empty. Throws TimedOut, and Cancelled as send() does.
  std::optional<T> receive(std::chrono::nanoseconds timeout = sdk::kForever) {
    return sdk::BlockingWait{api_}.run(timeout, Receiving{*this});
  }
  /// `while (auto value = co_await channel.async_receive())`.
  [[nodiscard]] auto async_receive(std::chrono::nanoseconds timeout = sdk::kForever) {
    return sdk::AsyncWait<Receiving>{api_, timeout, *this};
  }

  /// Without waiting. False: it is full, or closed; then `value` is as it was.
  bool try_send(T&& value) {
    const std::lock_guard lock{mutex_};
    return !is_closed_ && put(value);
  }
  /// None: there is nothing.
  std::optional<T> try_receive() {
    const std::lock_guard lock{mutex_};
    std::optional<T> value;
    get(value);
    return value;
  }

  /// Nothing goes in any more; what is in can still be received. Those who wait to send are refused.
  void close() noexcept {
    const std::lock_guard lock{mutex_};
    is_closed_ = true;
    while (!senders_.empty()) {
      static_cast<Sending*>(senders_.first()->item)->is_refused = true;
      senders_.grant_first();
    }
    while (!receivers_.empty()) receivers_.grant_first();
  }

 private:
  struct Sending {
    Sending(Channel& c, T&& v) noexcept : channel{c}, value{std::move(v)} {}
    bool begin(sdk::Waiter& waiter) noexcept {
      const std::lock_guard lock{channel.mutex_};
      is_refused = channel.is_closed_;
      if (is_refused || channel.put(value)) return true;
      waiter.item = this;
      channel.senders_.join(waiter);
      return false;
    }
    bool withdraw(sdk::Waiter& waiter) noexcept {
      const std::lock_guard lock{channel.mutex_};
      return channel.senders_.leave(waiter);
    }
    void result() const {
      if (is_refused) throw ChannelClosed{};
    }

    Channel& channel;
    T value;
    bool is_refused = false;
  };

  struct Receiving {
    explicit Receiving(Channel& c) noexcept : channel{c} {}
    bool begin(sdk::Waiter& waiter) noexcept {
      const std::lock_guard lock{channel.mutex_};
      channel.get(value);
      if (value || channel.is_closed_) return true;
      waiter.item = this;
      channel.receivers_.join(waiter);
      return false;
    }
    bool withdraw(sdk::Waiter& waiter) noexcept {
      const std::lock_guard lock{channel.mutex_};
      return channel.receivers_.leave(waiter);
    }
    std::optional<T> result() noexcept { return std::move(value); }

    Channel& channel;
    std::optional<T> value;
  };

  // With the lock held.
  bool put(T& value) noexcept {
    if (!receivers_.empty()) {
      static_cast<Receiving*>(receivers_.first()->item)->value.emplace(std::move(value));
      receivers_.grant_first();
      return true;
    }
    if (size_ == capacity_) return false;
    values_[(first_ + size_++) % capacity_].emplace(std::move(value));
    return true;
  }
  void get(std::optional<T>& value) noexcept {
    if (size_ == 0) return;
    auto& place = values_[first_];
    value.emplace(*std::move(place));
    place.reset();
    first_ = (first_ + 1) % capacity_;
    --size_;
    if (senders_.empty()) return;  // which wait only while it is full
    put(static_cast<Sending*>(senders_.first()->item)->value);
    senders_.grant_first();
  }

  const sdk::Api& api_;
  std::mutex mutex_;
  const std::size_t capacity_;
  std::unique_ptr<std::optional<T>[]> values_;  ///< a ring
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  bool is_closed_ = false;
  sdk::WaitLine senders_;
  sdk::WaitLine receivers_;
};

}  // namespace indrik
#pragma GCC visibility pop
