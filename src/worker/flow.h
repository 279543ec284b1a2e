#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "http/streaming.h"

namespace indrik::fiber {
class Fiber;
}

namespace indrik::worker {

class RunningExchange;

/// What passes between a handler and its connection while both are at work: the request's body one way, the answer's
/// the other, each through a bounded buffer. The handler's side is http::Streaming, on whatever thread or fiber it
/// runs; the connection's side is the loop's. Nobody is woken from inside a call of either.
class Flow final : public http::Streaming {
 public:
  /// Bytes in each direction above which the giving side waits.
  static constexpr std::size_t kBound = 16 * 1024;

  /// `body`: what has come of the request's body, whole; with open_body() it follows in pieces.
  Flow(RunningExchange& exchange, std::string_view body) noexcept : exchange_{exchange}, whole_{body} {}
  virtual ~Flow() = default;

  // The handler's side.
  Transfer read(std::span<char> room, Wait wait) noexcept override;
  Transfer write(std::string_view bytes, Wait wait) noexcept override;
  State inform(std::string_view field_lines) noexcept override;
  bool begun() const noexcept override;
  void on_ready(Direction direction, void (*ready)(void* context), void* context) noexcept override;

  // The connection's side. Loop thread.
  void open_body() noexcept { body_ = Body::open; }
  /// It is still expected to bring pieces.
  bool takes_body() const noexcept;
  /// There is room for a piece.
  bool has_room() const noexcept;
  /// The handler has asked for the body, or was given some.
  bool wants_body() const noexcept;
  /// The handler wants more of the body than has come.
  bool awaits_body() const noexcept;
  void push(std::string_view piece);
  void end_body() noexcept { close_body(Body::ended); }
  void fail_body() noexcept { close_body(Body::failed); }
  bool body_failed() const noexcept;

  struct Outgoing {
    std::string hints;  ///< field lines of a 103, for each an empty line behind it
    std::string bytes;
    bool begun = false;  ///< the head is to be sent before the bytes, if it has not been
  };
  /// Everything the handler has written since the last call.
  Outgoing take();
  /// Bytes the handler has written of the body.
  std::uint64_t written() const noexcept;
  bool too_long() const noexcept;

  /// Nobody is there any more. Whoever waits is woken, here and in the next two.
  void lose_client() noexcept;
  void cancel() noexcept;
  /// Calls what on_ready() was told of, where it is ready, and resumes a fiber that waits. From the loop itself.
  void deliver_wakes() noexcept;

  /// A handler's thread waits for the connection's side to move; `lock` is on this flow. For the executors.
  void wait_in_thread(std::unique_lock<std::mutex>& lock) { changed_.wait(lock); }
  void wait_in_fiber(std::unique_lock<std::mutex>& lock) noexcept;

 private:
  enum class Body : std::uint8_t { whole, open, ended, failed };
  struct Watch {
    void (*ready)(void* context) = nullptr;
    void* context = nullptr;
  };

  Transfer read_whole(std::span<char> room) noexcept;
  Transfer write_head_only(std::string_view bytes, std::unique_lock<std::mutex>& lock) noexcept;
  State hindrance() const noexcept;
  bool is_ready(Direction direction) const noexcept;
  bool wait(std::unique_lock<std::mutex>& lock) noexcept;
  void close_body(Body how) noexcept;
  void wake() noexcept;
  void tell_connection(std::unique_lock<std::mutex>& lock) noexcept;

  RunningExchange& exchange_;
  mutable std::mutex mutex_;  ///< one side may be a thread of the pool
  std::condition_variable changed_;
  fiber::Fiber* parked_ = nullptr;
  Watch watches_[2];
  std::string_view whole_;  ///< Body::whole: what has not been read of it
  std::string in_;          ///< Body::open and later: what has come
  std::size_t in_read_ = 0;
  std::string out_;
  std::string hints_;
  std::uint64_t written_ = 0;
  Body body_ = Body::whole;
  bool wants_body_ = false;
  bool begun_ = false;
  bool too_long_ = false;
  bool gone_ = false;
  bool cancelled_ = false;
};

}  // namespace indrik::worker
