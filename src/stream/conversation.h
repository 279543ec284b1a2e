#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace indrik::stream {

/// One client's connection as the handler of another protocol than HTTP sees it. What has come is looked at where it
/// stands; what is written is gathered, and sent when the handler next waits for something to come: a batch of messages
/// costs one receive and one send. For whoever runs the handler; Wait::no and on_ready() for async handlers, Wait::yes
/// for blocking ones, which then wait as their worker class does: a fiber parks, a thread blocks, in class sync the
/// loop goes on with all but other handlers.
class Conversation {
 public:
  enum class Wait : std::uint8_t { no, yes };
  enum class Direction : std::uint8_t { read, write };
  enum class State : std::uint8_t {
    done,
    would_block,   ///< not now: see on_ready()
    ended,         ///< read: the client has ended its half; what it sent before was given
    stopping,      ///< read: the worker drains and no new message is awaited any more
    timed_out,     ///< nothing has moved for as long as set_timeout() says
    client_gone,   ///< nobody is there to read from or to write to
    wrong_phase,   ///< an async handler wants to wait
    out_of_memory  ///< nothing was changed
  };
  struct Transfer {
    State state = State::done;
    std::size_t size = 0;
  };

  /// What has come and was not consumed. Valid until the next fill().
  std::string_view input() const noexcept { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }
  /// The first `size` bytes of the input are dealt with. The view of them stays valid until the next fill().
  void consume(std::size_t size) noexcept { begin_ += size; }

  /// done: there is more input than `more_than` bytes. The buffer grows to hold as much, and not much more: so far is
  /// read ahead and no further. Nothing in the input at `more_than` 0 means: between two messages, where a stopping
  /// worker ends the conversation. Sends what was written before it waits, or says would_block.
  virtual State fill(std::size_t more_than, Wait wait) noexcept = 0;
  /// Copies the bytes. Wait::yes: all of them, or the state is not `done`. Wait::no: as many as there is room for.
  virtual Transfer write(std::string_view bytes, Wait wait) noexcept = 0;
  /// Sends what was written. Wait::yes: the socket has taken all of it, or the state is not `done`.
  virtual State flush(Wait wait) noexcept = 0;
  /// Calls ready(context) once, on the loop's thread, never from inside this call, when the last fill() (read), or a
  /// write() or flush() (write), would no longer give would_block. One for each direction; null forgets it.
  virtual void on_ready(Direction direction, void (*ready)(void* context), void* context) noexcept = 0;

  /// For how long a client may send nothing that is waited for, or take nothing; 0: for ever. From the next wait on.
  virtual void set_timeout(Direction direction, nanoseconds timeout) noexcept = 0;
  /// The worker drains: answer what has come, then end.
  virtual bool is_stopping() const noexcept = 0;
  /// "192.0.2.1:4711"; empty on a unix socket. Valid as long as the conversation.
  virtual std::string_view peer() const noexcept = 0;

  /// The handler failed: logged with the reason; the connection is reset when the handler ends, as it still does.
  virtual void fail(std::string_view reason) noexcept = 0;
  /// Async handlers only: it is over. What was written is sent, then the connection closes. Exactly once, on the loop's
  /// thread, from inside Handler::start() or later; the conversation is gone when it returns.
  virtual void end() noexcept = 0;

 protected:
  ~Conversation() = default;

  char* begin_ = nullptr;  ///< of the input
  char* end_ = nullptr;
};

/// Serves the connections of one stream of a plugin, or of a test.
class Handler {
 public:
  enum class Flavours : std::uint8_t { blocking = 1, async = 2, both = 3 };

  virtual ~Handler() = default;

  virtual Flavours flavours() const noexcept = 0;
  /// Blocking flavour: returns when the conversation is over. Must not call end().
  virtual void serve(Conversation& conversation) noexcept = 0;
  /// Async flavour: returns soon; conversation.end() is called in it or later. Loop thread.
  virtual void start(Conversation& conversation) noexcept = 0;

  /// For logs, crash reports and the scoreboard; valid as long as the handler.
  virtual std::string_view plugin() const noexcept = 0;
  virtual std::string_view name() const noexcept = 0;

  bool can_block() const noexcept { return (static_cast<unsigned>(flavours()) & 1U) != 0; }
  bool can_be_async() const noexcept { return (static_cast<unsigned>(flavours()) & 2U) != 0; }
};

}  // namespace indrik::stream
