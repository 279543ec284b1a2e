#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <string>

#include "net/stream.h"
#include "process/running_request.h"
#include "stream/conversation.h"
#include "worker/deadline_queue.h"
#include "worker/input_buffer.h"
#include "worker/loop.h"
#include "worker/origin.h"
#include "worker/patience.h"
#include "worker/uptake.h"
#include "worker/work.h"

namespace indrik::worker {

class Conversations;
struct StreamPoint;

/// One client's connection to a stream of a plugin: the engine's side of stream::Conversation. Its handler begins with
/// the connection and has it until it ends; what it has written then is sent, and the connection closed. Owned by
/// Conversations, which frees it at the end of a turn. Loop thread only, but that a handler in a thread of the pool has
/// the socket and the buffers for itself while it runs.
class StreamConnection final : public stream::Conversation, public Work {
 public:
  using Registry = std::list<StreamConnection>;

  StreamConnection(Conversations& all, const StreamPoint& at, net::Stream stream, std::string peer);
  virtual ~StreamConnection() = default;
  StreamConnection(const StreamConnection&) = delete;
  StreamConnection& operator=(const StreamConnection&) = delete;

  // The handler's side.
  State fill(std::size_t more_than, Wait wait) noexcept override;
  Transfer write(std::string_view bytes, Wait wait) noexcept override;
  State flush(Wait wait) noexcept override;
  void on_ready(Direction direction, void (*ready)(void* context), void* context) noexcept override;
  void set_timeout(Direction direction, nanoseconds timeout) noexcept override;
  bool is_stopping() const noexcept override;
  std::string_view peer() const noexcept override { return origin_.peer(); }
  void fail(std::string_view reason) noexcept override;
  void end() noexcept override;

  // The executors' side.
  void mark(LoopTurn& turn) noexcept override;
  const process::RunningRequest* running() const noexcept { return &running_; }
  stream::Handler& handler() const noexcept { return handler_; }
  /// Before begin(): its handler has the worker for itself, also while it waits.
  void hold_worker() noexcept { holds_worker_ = true; }
  /// Starts the async handler; marked as running whenever it has the loop.
  void start_on_loop() noexcept;
  /// It waits for its turn from now on, for the queue_timeout at most.
  void queue() noexcept;
  /// Its turn has come. False: it was given up meanwhile; finish() it. Any thread, once.
  bool begin() noexcept;
  /// Before begin(): its handler is going to run in a thread beside the loop.
  void leave_loop() noexcept;
  /// In that thread: waits until something can be moved, or it is of no use to wait any longer.
  void wait_in_thread(Direction direction) noexcept;
  /// The loop ends for good: nothing is awaited any more.
  void give_up() noexcept;
  /// Its handler has ended. Off any fiber.
  void finish() noexcept;
  /// Its handler cannot run.
  void refuse() noexcept;

  // Conversations' side.
  /// Before open(): a proxy's header comes first.
  void await(Preamble::Need need) { origin_.await(need); }
  void open() noexcept;
  /// Between two messages there is nothing to wait for any more.
  void stop_waiting() noexcept;
  void send_written() noexcept;
  /// Calls what on_ready() was told of, as far as it is ready.
  void deliver_wakes() noexcept;
  void expire(const DeadlineQueue& queue) noexcept;

  static StreamConnection& of(Deadline& deadline) noexcept { return static_cast<OwnedDeadline&>(deadline).owner; }
  Registry::iterator place;   ///< Conversations'
  bool wake_pending = false;  ///< Conversations is going to call deliver_wakes()
  bool send_pending = false;  ///< Conversations is going to call send_written()

 private:
  /// Written bytes above which the writer waits.
  static constexpr std::size_t kBound = 64 * 1024;
  /// Bytes that are sent in a turn of the loop at most, and some.
  static constexpr std::size_t kTurn = 256 * 1024;

  struct OwnedDeadline : Deadline {
    explicit OwnedDeadline(StreamConnection& c) noexcept : owner{c} {}
    StreamConnection& owner;
  };
  struct Waiter {
    void (*ready)(void* context) = nullptr;
    void* context = nullptr;
  };
  enum class Stage : std::uint8_t { waiting, running, given_up, over, lingering };

  Waiter& waiter(Direction direction) noexcept { return waiters_[static_cast<std::size_t>(direction)]; }
  std::size_t unread() const noexcept { return static_cast<std::size_t>(end_ - begin_); }
  std::size_t unsent() const noexcept { return out_.size() - sent_; }
  State hindrance_to_read(bool is_new) noexcept;
  State hindrance_to_write() noexcept;
  bool is_ready(Direction direction) const noexcept;
  void await_input() noexcept;
  void be_idle(bool idle) noexcept;
  void wait(Direction direction) noexcept;
  bool receive() noexcept;
  ssize_t take_input(char* buffer, std::size_t capacity) noexcept;
  void look_again() noexcept;
  void leave_turn_to_others() noexcept;
  void send_some() noexcept;
  void await_taking() noexcept;
  void lose_client() noexcept;
  void look_at_taking() noexcept;
  void complain_of_slowness() noexcept;
  void wake(Direction direction) noexcept;
  void on_readable(ev::io&, int) noexcept;
  void on_writable(ev::io&, int) noexcept;
  void read_preamble(Preamble& preamble) noexcept;
  void start() noexcept;
  void be_heard() noexcept;
  static void read_is_over(void* self) noexcept;
  static void write_is_over(void* self) noexcept;
  void leave() noexcept;
  void linger() noexcept;
  void discard_input() noexcept;
  void close(bool reset = false) noexcept;

  Conversations& all_;
  const StreamPoint& at_;
  stream::Handler& handler_;
  net::Stream stream_;
  Origin origin_;
  ev::io readable_;
  ev::io writable_;
  OwnedDeadline deadline_;  ///< of its turn, of what it is to take, or of its last goodbye
  Patience read_patience_;
  Patience write_patience_;
  InputBuffer buffer_;
  std::string out_;
  std::size_t sent_ = 0;  ///< of out_
  std::size_t sent_in_turn_ = 0;
  std::int64_t all_sent_ = 0;
  Uptake uptake_;
  Waiter waiters_[2];
  std::size_t wanted_ = 0;      ///< whoever reads wants more than that
  std::size_t write_goal_ = 0;  ///< whoever writes wants no more than that to be unsent
  process::RunningRequest running_;
  std::atomic<Stage> stage_{Stage::waiting};
  bool in_thread_ = false;
  bool on_loop_ = false;  ///< an async handler
  bool holds_worker_ = false;
  bool unheard_ = true;   ///< nothing has come
  bool idle_ = true;      ///< its handler waits for a message, or has not begun
  bool blocked_ = false;  ///< the socket takes no more for now
  bool input_ended_ = false;
  bool gone_ = false;
  bool slow_ = false;       ///< gone_ because it takes too slowly
  bool no_memory_ = false;  ///< for what it sends
  bool read_late_ = false;
  bool write_late_ = false;
  bool failed_ = false;
};

}  // namespace indrik::worker
