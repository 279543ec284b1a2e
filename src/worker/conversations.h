#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "worker/input_buffer.h"
#include "worker/loop.h"
#include "worker/stream_connection.h"
#include "worker/worker.h"

namespace indrik::worker {

class Engine;

/// Where the connections of one stream come in.
struct StreamPoint {
  int listener;
  stream::Handler* handler;
  std::string description;  ///< for the scoreboard: "stream resp (plugin resp)"
};

/// All connections of a worker to streams of plugins, and what they share. Loop thread only.
class Conversations {
 public:
  Conversations(Engine& engine, std::span<const StreamAt> streams);
  ~Conversations();
  Conversations(const Conversations&) = delete;
  Conversations& operator=(const Conversations&) = delete;

  /// Whom the listener's connections are for; null: they speak HTTP.
  const StreamPoint* point_at(int listener) const noexcept;
  std::size_t size() const noexcept { return open_.size(); }
  StreamConnection& add(const StreamPoint& at, net::Stream stream, std::string peer);

  /// Those that wait between two messages get the grace that options.drain_idle gives; all others end with the message
  /// they are at.
  void drain() noexcept;
  /// Any thread.
  bool is_draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  bool grace_is_over() const noexcept { return grace_over_.load(std::memory_order_relaxed); }
  /// Readable when the grace is over: for those that wait in threads. -1: it cannot be had.
  int stop_event() const noexcept { return stop_event_.get(); }

  void wake_soon(StreamConnection& connection) noexcept;
  /// Sends what the connection's handler has written when all that have come with it have been served: who asks again
  /// after an answer does so once for all of them. In a turn of the loop that takes long, at once.
  void send_soon(StreamConnection& connection) noexcept;
  /// To be called before the loop waits.
  void deliver_wakes() noexcept;
  /// The connection is closed and no handler has it: freed at the end of this turn.
  void bury(StreamConnection& connection) noexcept;
  /// To be called at the end of a turn. True: there were some to free.
  bool free_buried() noexcept;

  Engine& engine() noexcept { return engine_; }
  BufferPool& buffers() noexcept { return buffers_; }
  DeadlineQueue& takings() noexcept { return takings_; }
  DeadlineQueue& turns() noexcept { return turns_; }
  DeadlineQueue& lingerings() noexcept { return lingerings_; }
  DeadlineQueue& preambles() noexcept { return preambles_; }

 private:
  void on_grace_over(ev::timer&, int) noexcept;
  void send() noexcept;

  Engine& engine_;
  std::vector<StreamPoint> points_;
  BufferPool buffers_;
  DeadlineQueue takings_, turns_, lingerings_, preambles_;
  ev::timer grace_;
  Fd stop_event_;
  std::atomic<bool> draining_{false};
  std::atomic<bool> grace_over_{false};
  std::vector<StreamConnection*> woken_;    ///< not yet
  std::vector<StreamConnection*> senders_;  ///< what they have written is not yet sent
  StreamConnection::Registry open_;
  StreamConnection::Registry buried_;
};

}  // namespace indrik::worker
