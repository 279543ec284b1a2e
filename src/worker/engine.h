#pragma once

#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/loop_services.h"
#include "process/signal_queue.h"
#include "process/stall_watch.h"
#include "worker/acceptor.h"
#include "worker/complaints.h"
#include "worker/connection.h"
#include "worker/conversations.h"
#include "worker/date_cache.h"
#include "worker/deadline_queue.h"
#include "worker/executor.h"
#include "worker/loop.h"
#include "worker/loop_offloads.h"
#include "worker/loop_parking.h"
#include "worker/loop_posts.h"
#include "worker/loop_turns.h"
#include "worker/loop_watches.h"
#include "worker/slab.h"
#include "worker/spares.h"
#include "worker/worker.h"

namespace indrik::worker {

/// The one engine of every worker class: a loop with its connections, deadlines, signals and heartbeat.
/// What Connection and the executors need of each other goes through it. Loop thread only.
class Engine {
 public:
  Engine(const Options& options, const Surroundings& surroundings);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void run();

  const Options& options() const noexcept { return options_; }
  const Loop& loop() const noexcept { return loop_; }
  Edges& edges() noexcept { return loop_.edges(); }
  Timers& timers() noexcept { return timers_; }
  LoopTurn& turn() noexcept { return turn_; }
  LoopServices services() noexcept { return {timers_, watches_, offloads_, &posts_, &parking_, &turns_, &turn_}; }
  log::ErrorLog& log() noexcept { return around_.log; }
  log::AccessLog* access_log() noexcept { return around_.access_log; }
  process::Slot& slot() noexcept { return around_.slot; }
  const routing::Router& router() const noexcept { return around_.router; }
  /// How long requests for this handler are still refused, because it has crashed too often; 0: they are not.
  seconds closed_for(const http::Handler& handler) const noexcept {
    return closed_for(handler.plugin(), handler.route());
  }
  seconds closed_for(std::string_view plugin, std::string_view route) const noexcept;
  Executor& executor() noexcept { return *executor_; }

  /// The next answer of every connection is its last.
  bool closes_after_answer() const noexcept { return draining_ || options_.keep_alive <= milliseconds::zero(); }
  bool is_draining() const noexcept { return draining_; }
  /// A request that has waited for longer may have been given up meanwhile: it is worth a look.
  static constexpr milliseconds kLongWait{100};
  /// Handlers have lately kept the loop from its sockets so long that it matters to those who wait.
  bool is_held_up() const noexcept;
  /// This turn of the loop has taken so long that whoever can be answered should be. Costs a look at the coarse clock.
  bool is_turn_long() const noexcept { return coarse_monotonic_ns() != turn_begun_ns_; }
  /// For whoever finds no room: how long to stay away.
  seconds retry_after() const noexcept;
  std::string_view date() noexcept { return date_.text(loop_.now()); }
  http::SessionMemory& session_memory() noexcept { return session_memory_; }
  char* read_buffer() noexcept { return read_buffer_.data(); }
  static constexpr std::size_t kReadBuffer = 64 * 1024;

  /// An exchange for a connection's next request; give it back when it is answered.
  SlabPtr<RunningExchange> take_exchange();
  /// One that an executor still has in its queue is kept until it has not.
  void give_back(SlabPtr<RunningExchange>&& exchange) noexcept;
  void end_withdrawn(RunningExchange& exchange) noexcept;
  /// An empty string with memory, for answers; give it back.
  std::string take_scratch();
  void give_back_scratch(std::string&& scratch) noexcept;

  struct Deadlines {
    Deadlines(const Loop& loop, const Options& options);
    DeadlineQueue handshake, first_byte, head, body, write, idle, linger;  ///< of connections
    DeadlineQueue request, queue;                                          ///< of exchanges
  };
  Deadlines& deadlines() noexcept { return deadlines_; }

  /// Completes the exchange before the loop waits again, off any fiber.
  void complete_soon(RunningExchange& exchange) noexcept { completing_.push_back(&exchange); }
  /// Wakes whoever waits for the exchange's flow before the loop waits again, off any fiber.
  void wake_soon(RunningExchange& exchange) noexcept;
  /// Cancels the exchange, whose client has left, before the loop waits again.
  void cancel_soon(RunningExchange& exchange) noexcept;
  BodySpace& body_space() noexcept { return body_space_; }
  /// For looking where a request would go before it is whole.
  routing::Match& scratch_match() noexcept { return scratch_match_; }
  /// A line of the access log was recorded: it is written soon.
  void flush_access_log_soon() noexcept;
  /// This worker wants a successor, which the master starts first. Logs why; but once.
  void retire(std::string_view why) noexcept;
  /// A connection began without the PROXY header that it needs, or with a malformed one. Logged now and then.
  void complain_of_preamble(std::string_view peer) noexcept;
  /// A client is given up because it takes or sends too slowly; `what` says which. Logged now and then.
  void complain_of_slowness(std::string_view peer, std::string_view what) noexcept;
  /// Requests without an answer in time, by their handlers.
  Complaints& timeouts() noexcept { return timeouts_; }
  /// A field was left out for its name. Logged once.
  void complain_of_field(std::string_view name) noexcept;
  /// One more turn of the loop, for a handler that holds it and waits. False: the loop is to end.
  bool turn_once() noexcept { return loop_.turn(); }
  /// Their number has changed.
  void count_connections() noexcept;
  /// The connection's socket is closed and no handler works for it: freed at the end of this turn.
  void bury(Connection& connection) noexcept;

 private:
  void accept(Fd socket, std::string peer, int listener);
  void accept_stream(const StreamPoint& at, Fd socket, std::string peer, std::optional<Preamble::Need> preamble);
  std::size_t open_connections() const noexcept { return connections_.size() + conversations_.size(); }
  void count_accepted() noexcept;
  const net::Listener& at(int listener) const noexcept;
  void watch_edges(int socket, int listener) noexcept;
  void complain_of_starvation(const Error& reason) noexcept;
  void complain_of_lost_lines() noexcept;
  void on_signal(ev::io&, int) noexcept;
  void on_heartbeat(ev::timer&, int) noexcept;
  void on_turn_begin(ev::check&, int) noexcept;
  void on_turn_end(ev::prepare&, int) noexcept;
  void end_turn() noexcept;
  void on_access_flush(ev::timer&, int) noexcept;
  void on_graceful_timeout(ev::timer&, int) noexcept;
  void on_crowded(ev::timer&, int) noexcept;
  void take_breath() noexcept;
  void wake_waiters() noexcept;
  void cancel_abandoned() noexcept;
  void look_at_memory() noexcept;
  void watch_for_stalls();
  void set_state(process::WorkerState state) noexcept;
  void notify_master() noexcept;
  void ask_to_retire() noexcept;
  void beat() noexcept;
  void drain() noexcept;
  void leave_listeners() noexcept;
  void end_when_drained() noexcept;
  void on_leave(ev::timer&, int) noexcept;
  void reopen_logs() noexcept;
  void finish() noexcept;

  const Options options_;
  const Surroundings around_;
  Loop loop_;
  LoopTurn turn_{around_.slot};
  LoopTimers timers_{loop_, &turn_};
  LoopWatches watches_{loop_, around_.slot.heartbeat_ns};
  LoopOffloads offloads_{loop_, options_.offload_threads};
  LoopPosts posts_{loop_};
  LoopParking parking_{timers_, posts_};
  LoopTurns turns_{loop_};
  DateCache date_;
  std::vector<char> read_buffer_ = std::vector<char>(kReadBuffer);
  BodySpace body_space_{.most = options_.max_body_space};
  Slab exchange_rooms_{sizeof(RunningExchange)};
  Slab connection_rooms_{sizeof(Connection) + 2 * sizeof(void*)};  ///< nodes of a list
  Spares<RunningExchange, SlabPtr<RunningExchange>> exchanges_;
  std::list<SlabPtr<RunningExchange>> withdrawn_;  ///< answered, but still in an executor's queue; oldest first
  std::vector<std::string> scratches_;
  http::SessionMemory session_memory_;
  Deadlines deadlines_;
  Connection::Registry connections_{SlabAllocator<Connection>{connection_rooms_}};
  Connection::Registry buried_{SlabAllocator<Connection>{connection_rooms_}};
  Conversations conversations_;
  std::unique_ptr<Executor> executor_;
  Acceptor acceptor_;
  process::SignalQueue signals_;
  ev::io signal_watcher_;
  ev::timer heartbeat_;
  ev::check turn_begin_;
  ev::prepare turn_end_;
  ev::timer access_flush_;
  ev::timer graceful_timer_;
  ev::timer leave_timer_;    ///< running: it is not yet known whether the whole server stops
  ev::timer crowded_timer_;  ///< running: there are as many connections as there may be
  TimePoint queue_was_empty_{};
  std::int64_t turn_begun_ns_ = coarse_monotonic_ns();
  std::int64_t last_turn_ns_ = 0;  ///< how long the turn before took
  std::vector<RunningExchange*> completing_;
  std::vector<RunningExchange*> woken_;      ///< not yet
  std::vector<RunningExchange*> abandoned_;  ///< by their clients, and not yet cancelled
  routing::Match scratch_match_;
  std::uint64_t retires_at_ = std::numeric_limits<std::uint64_t>::max();  ///< answers counted in the slot
  TimePoint next_complaint_{};    ///< about the lack of descriptors: not ten lines a second
  std::uint64_t lost_lines_ = 0;  ///< of the access log, already complained of
  TimePoint next_preamble_complaint_{};
  std::uint64_t bad_preambles_ = 0;  ///< since the last complaint
  Complaints timeouts_{seconds{10}};
  TimePoint next_slowness_complaint_{};
  std::uint64_t slow_ones_ = 0;                     ///< since the last complaint
  std::optional<process::StallWatch> stall_watch_;  ///< while run() lasts
  bool complained_of_field_ = false;
  bool asked_to_retire_ = false;
  bool draining_ = false;
  bool listeners_left_ = false;  ///< since draining began: no connection is taken any more
};

}  // namespace indrik::worker
