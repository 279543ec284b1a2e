#pragma once

#include <algorithm>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

#include <indrik/sdk/api.hpp>
#include <indrik/sdk/scope.hpp>
#include <indrik/sdk/stream.hpp>
#include <indrik/sdk/task.hpp>
#include <indrik/sdk/timeout.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

namespace sdk {

/// What fill() came to: true: there is more input; false: there is none to come.
inline bool filled_or_throw(std::int64_t outcome) {
  switch (outcome) {
    case INDRIK_E_ENDED:
    case INDRIK_E_STOPPING:
      return false;
    case INDRIK_E_TIMED_OUT:
      throw TimedOut{};
    case INDRIK_E_CLIENT_GONE:
      throw ClientGone{};
    case INDRIK_E_NO_MEMORY:
      throw std::bad_alloc{};
    default:
      if (outcome >= 0) return true;
      throw std::runtime_error{"the connection cannot be used this way"};
  }
}

/// What both flavours of a connection can do without waiting.
class ConnectionBase {
 public:
  ConnectionBase(const Api& api, indrik_connection* connection) noexcept
      : api_{api.connection}, connection_{connection} {}
  ConnectionBase(const ConnectionBase&) = delete;
  ConnectionBase& operator=(const ConnectionBase&) = delete;

  /// What has come and was not consumed. Valid until something is waited for on this connection.
  std::string_view input() const noexcept { return from_abi(api_->input(connection_)); }
  /// The first `size` bytes of the input are dealt with.
  void consume(std::size_t size) noexcept { api_->consume(connection_, size); }

  /// For how long the client may send nothing while something is waited for; 0: for ever. From the next wait on; at
  /// first it is the server's stream_idle_timeout.
  void read_timeout(std::chrono::nanoseconds timeout) noexcept { set_timeout(INDRIK_STREAM_READ, timeout); }
  /// The same for a client that takes nothing of what is written. At first there is only the server's write_timeout,
  /// which holds in any case: the client is then given up.
  void write_timeout(std::chrono::nanoseconds timeout) noexcept { set_timeout(INDRIK_STREAM_WRITE, timeout); }

  /// The worker stops: answer what has come, then return.
  bool is_stopping() const noexcept { return api_->is_stopping(connection_) != 0; }
  /// "192.0.2.1:4711"; empty on a unix socket.
  std::string_view peer() const noexcept { return from_abi(api_->peer(connection_)); }

 protected:
  /// The input up to and with the delimiter, which is then consumed; none: more is needed. `searched` bytes have none.
  std::optional<std::string_view> take_until(std::string_view delimiter, std::size_t max, std::size_t& searched) {
    const auto here = input();
    const auto found = here.find(delimiter, searched);
    const auto size = found == std::string_view::npos ? here.size() : found + delimiter.size();
    if (size > max) throw std::length_error{"a line that is too long"};
    if (found == std::string_view::npos) {
      searched = here.size() - std::min(here.size(), delimiter.size() - 1);
      return std::nullopt;
    }
    consume(size);
    return here.substr(0, size);
  }
  std::size_t take_some(std::span<char> room) noexcept {
    const auto here = input();
    const auto size = std::min(room.size(), here.size());
    std::copy_n(here.data(), size, room.data());
    consume(size);
    return size;
  }

  const indrik_stream* api_;
  indrik_connection* connection_;

 private:
  void set_timeout(std::uint32_t direction, std::chrono::nanoseconds timeout) noexcept {
    api_->set_timeout(connection_, direction, static_cast<std::uint64_t>(std::max(timeout, timeout.zero()).count()));
  }
};

}  // namespace sdk

/// One client of a stream, for a blocking handler: a call waits as the worker class does, a fiber yields, a thread
/// blocks, in class sync the worker waits. What is written is gathered and sent when the handler next waits for input,
/// ends. Everything that waits throws ClientGone when nobody is there any more, and TimedOut.
class Connection : public sdk::ConnectionBase {
 public:
  using sdk::ConnectionBase::ConnectionBase;

  /// Waits until there are more than `more_than` bytes of input. False: there will not be, because the client has
  /// ended its half, or, with no input at all, because the worker stops.
  bool fill(std::size_t more_than = 0) {
    return sdk::filled_or_throw(api_->fill(connection_, more_than, INDRIK_STREAM_WAIT));
  }
  /// Some bytes; 0: as fill() says false. The room is not empty.
  std::size_t read_some(std::span<char> room) { return fill() ? take_some(room) : 0; }
  /// All up to and with the delimiter, as a view that is valid until the next wait. None: as fill() says false; then
  /// the rest that has come stands in input(). Throws std::length_error when more than `max` bytes come without it.
  std::optional<std::string_view> read_until(std::string_view delimiter, std::size_t max) {
    for (std::size_t searched = 0;;) {
      if (auto found = take_until(delimiter, max, searched)) return found;
      if (!fill(input().size())) return std::nullopt;
    }
  }
  /// All bytes, which are copied: returns when at most 64 KiB of everything written wait for the client.
  void write(std::string_view bytes) {
    sdk::filled_or_throw(api_->write(connection_, sdk::to_abi(bytes), INDRIK_STREAM_WAIT));
  }
  /// Sends what was written, before something that takes long.
  void flush() { sdk::filled_or_throw(api_->flush(connection_, INDRIK_STREAM_WAIT)); }
};

class AsyncConnection;

namespace sdk {

/// Waits on the loop for one step of a connection: `Step` tells by go_on() whether it is over, and gives its result.
template <class Step>
class ConnectionWait final : public Wait {
 public:
  ConnectionWait(const indrik_stream* api, indrik_connection* connection, Step step) noexcept
      : api_{api}, connection_{connection}, step_{step} {}

  bool await_ready() noexcept { return step_.go_on(*api_, connection_); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    static_assert(OurPromise<Promise>, "indrik: a connection can be awaited in an indrik::Task only");
    return begin(waiter.promise().context, waiter);
  }
  auto await_resume() {
    throw_if_cancelled();
    return step_.result();
  }

 private:
  bool start() noexcept override {
    api_->on_ready(connection_, Step::kDirection, &ConnectionWait::wake, this);
    return true;
  }
  bool forget() noexcept override {
    api_->on_ready(connection_, Step::kDirection, nullptr, nullptr);
    return true;
  }
  static void wake(void* room) noexcept {
    auto& self = *static_cast<ConnectionWait*>(room);
    self.step_.go_on(*self.api_, self.connection_) ? self.finish() : void(self.start());
  }

  const indrik_stream* api_;
  indrik_connection* connection_;
  Step step_;
};

struct FillStep {
  static constexpr std::uint32_t kDirection = INDRIK_STREAM_READ;
  std::size_t more_than;
  std::int64_t outcome = 0;

  bool go_on(const indrik_stream& api, indrik_connection* connection) noexcept {
    outcome = api.fill(connection, more_than, INDRIK_STREAM_NO_WAIT);
    return outcome != INDRIK_E_AGAIN;
  }
  bool result() const { return filled_or_throw(outcome); }
};

struct WriteStep {
  static constexpr std::uint32_t kDirection = INDRIK_STREAM_WRITE;
  std::string_view rest;
  std::int64_t outcome = 0;

  bool go_on(const indrik_stream& api, indrik_connection* connection) noexcept {
    do {
      outcome = api.write(connection, to_abi(rest), INDRIK_STREAM_NO_WAIT);
      if (outcome < 0) return outcome != INDRIK_E_AGAIN;
      rest.remove_prefix(static_cast<std::size_t>(outcome));
    } while (!rest.empty());
    return true;
  }
  void result() const { filled_or_throw(outcome); }
};

struct FlushStep {
  static constexpr std::uint32_t kDirection = INDRIK_STREAM_WRITE;
  std::int64_t outcome = 0;

  bool go_on(const indrik_stream& api, indrik_connection* connection) noexcept {
    outcome = api.flush(connection, INDRIK_STREAM_NO_WAIT);
    return outcome != INDRIK_E_AGAIN;
  }
  void result() const { filled_or_throw(outcome); }
};

}  // namespace sdk

/// The same for a coroutine: `co_await client.fill()`.
class AsyncConnection : public sdk::ConnectionBase {
 public:
  using sdk::ConnectionBase::ConnectionBase;

  /// As Connection::fill(); bool.
  [[nodiscard]] sdk::ConnectionWait<sdk::FillStep> fill(std::size_t more_than = 0) noexcept {
    return {api_, connection_, {more_than}};
  }
  /// As Connection::read_some(); the room must stay until then.
  [[nodiscard]] Task<std::size_t> read_some(std::span<char> room) { co_return co_await fill() ? take_some(room) : 0; }
  /// As Connection::read_until(); the delimiter must stay until then.
  [[nodiscard]] Task<std::optional<std::string_view>> read_until(std::string_view delimiter, std::size_t max) {
    for (std::size_t searched = 0;;) {
      if (auto found = take_until(delimiter, max, searched)) co_return found;
      if (!co_await fill(input().size())) co_return std::nullopt;
    }
  }
  /// As Connection::write(); the bytes must stay until then.
  [[nodiscard]] sdk::ConnectionWait<sdk::WriteStep> write(std::string_view bytes) noexcept {
    return {api_, connection_, {bytes}};
  }
  /// As Connection::flush().
  [[nodiscard]] sdk::ConnectionWait<sdk::FlushStep> flush() noexcept { return {api_, connection_, {}}; }
};

}  // namespace indrik
#pragma GCC visibility pop
