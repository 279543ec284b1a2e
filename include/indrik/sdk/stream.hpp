#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <indrik/sdk/api.hpp>
#include <indrik/sdk/cancelled.hpp>
#include <indrik/sdk/event.hpp>
#include <indrik/sdk/task.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

/// Thrown by what reads from or writes to a client that is not there any more. As with Cancelled, no std::exception:
/// there is nothing to do but to end.
struct ClientGone {};

/// The rest of a request's body will not come: the client has ended it, stalled, or sent what is none. Let it pass, and
/// the server tells the client what was wrong.
struct BodyCutShort : std::runtime_error {
  BodyCutShort() : std::runtime_error{"the request's body was cut short"} {}
};

namespace sdk {

inline const indrik_http_stream& stream_of(const Context& context) {
  if (context.api->stream == nullptr) throw std::runtime_error{"this server cannot stream"};
  return *context.api->stream;
}

/// What read() and write() came to, as a size or an exception.
inline std::size_t moved_or_throw(std::int64_t moved) {
  if (moved >= 0) return static_cast<std::size_t>(moved);
  switch (moved) {
    case INDRIK_E_CANCELLED:
      throw Cancelled{};
    case INDRIK_E_CLIENT_GONE:
      throw ClientGone{};
    case INDRIK_E_CUT_SHORT:
      throw BodyCutShort{};
    case INDRIK_E_OUT_OF_RANGE:
      throw std::runtime_error{"the answer goes beyond its declared length"};
    case INDRIK_E_NO_MEMORY:
      throw std::bad_alloc{};
    default:
      throw std::runtime_error{"the answer cannot be written in pieces any more"};
  }
}

/// Waits for one direction of a request's streams.
template <class Move>
class Transfer : public Wait {
 public:
  bool await_ready() noexcept { return self().go_on(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> mover) noexcept {
    static_assert(OurPromise<Promise>, "indrik: read_some() and write() can be awaited in an indrik::Task only");
    return begin(mover.promise().context, mover);
  }
  std::size_t await_resume() const {
    throw_if_cancelled();
    return moved_or_throw(outcome_);
  }

 protected:
  Transfer(const Context& context, std::uint32_t direction)
      : stream_{stream_of(context)}, exchange_{context.exchange}, direction_{direction} {}
  ~Transfer() override = default;

  const indrik_http_stream& stream_;
  indrik_exchange* exchange_;
  std::int64_t outcome_ = 0;

 private:
  Move& self() noexcept { return static_cast<Move&>(*this); }

  bool start() noexcept override {
    stream_.on_ready(exchange_, direction_, &Transfer::wake, this);
    return true;
  }
  bool forget() noexcept override {
    stream_.on_ready(exchange_, direction_, nullptr, nullptr);
    return true;
  }
  static void wake(void* room) noexcept {
    auto& self = *static_cast<Transfer*>(room);
    self.self().go_on() ? self.finish() : void(self.start());
  }

  std::uint32_t direction_;
};

/// `co_await out.write(bytes)`. The bytes must stay until it is done.
class Write final : public Transfer<Write> {
 public:
  Write(const Context& context, std::string_view bytes) : Transfer{context, INDRIK_WRITE}, rest_{bytes} {}

  /// True: it is over, well or not.
  bool go_on() noexcept {
    do {
      outcome_ = stream_.write(exchange_, to_abi(rest_), INDRIK_NO_WAIT);
      if (outcome_ < 0) return outcome_ != INDRIK_E_AGAIN;
      rest_.remove_prefix(static_cast<std::size_t>(outcome_));
    } while (!rest_.empty());
    return true;
  }
  void await_resume() const { Transfer::await_resume(); }

 private:
  std::string_view rest_;
};

/// `co_await request.read_some(room)`: bytes in the room; 0: the body has ended, and was whole.
class Read final : public Transfer<Read> {
 public:
  Read(const Context& context, std::span<char> room) : Transfer{context, INDRIK_READ}, room_{room} {}

  bool go_on() noexcept {
    outcome_ = stream_.read(exchange_, room_.data(), room_.size(), INDRIK_NO_WAIT);
    return outcome_ != INDRIK_E_AGAIN;
  }

 private:
  std::span<char> room_;
};

/// What both writers can do.
class WriterBase {
 public:
  explicit WriterBase(const Context& context) noexcept : context_{context} {}

  /// A field line behind the body (RFC 9110 6.5), for answers without a declared length. Throws what the server has
  /// against it.
  void trailer(std::string_view name, std::string_view value) {
    if (stream_of(context_).add_trailer(context_.exchange, to_abi(name), to_abi(value)) != INDRIK_OK)
      throw std::runtime_error{"trailer \"" + std::string{name} + "\": the server refuses it"};
  }

 protected:
  Context context_;
};

}  // namespace sdk

/// Where a blocking handler writes an answer in pieces. A call returns when the server has taken the bytes, which it
/// does no faster than the client: a thread waits for it, a fiber yields, in class sync the worker waits.
/// Throws ClientGone, and Cancelled when the deadline has passed; each piece gives the request its `timeout` anew.
class Writer : public sdk::WriterBase {
 public:
  using sdk::WriterBase::WriterBase;

  void write(std::string_view bytes) {
    sdk::moved_or_throw(sdk::stream_of(context_).write(context_.exchange, sdk::to_abi(bytes), INDRIK_WAIT));
  }
  /// For answers made by events(). Throws std::invalid_argument for a name or id of more than one line.
  void send(const Event& event) { write(to_text(event)); }
};

/// The same for coroutines.
class AsyncWriter : public sdk::WriterBase {
 public:
  using sdk::WriterBase::WriterBase;

  /// `co_await out.write(bytes)`; the bytes must stay as they are until then.
  [[nodiscard]] sdk::Write write(std::string_view bytes) const { return {context_, bytes}; }
  /// For answers made by events(). Throws as to_text() does.
  [[nodiscard]] Task<> send(const Event& event) const { return write_all(to_text(event)); }
  /// `co_await out.send({.data = text})` is refused: made within a co_await, such an aggregate is destroyed twice by
  /// GCC 12, the second time as bytes copied elsewhere. Give the event a name first.
  Task<> send(Event&& event) const = delete;

 private:
  [[nodiscard]] Task<> write_all(std::string text) const { co_await write(text); }
};

namespace sdk {

/// What Response::stream() was given: one of either.
struct Stream {
  std::function<void(Writer&)> blocking;
  std::function<Task<>(AsyncWriter&)> async;
};

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
