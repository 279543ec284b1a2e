#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/loop_services.h"
#include "http/limits.h"
#include "log/access_log.h"
#include "log/error_log.h"
#include "net/listener.h"
#include "net/tls_context.h"
#include "process/closed_routes.h"
#include "process/scoreboard.h"
#include "process/stall_watch.h"
#include "routing/router.h"
#include "stream/conversation.h"
#include "worker/proxies.h"

namespace indrik::worker {

/// Where a blocking handler runs; everything else is the same in every class.
enum class WorkerClass : std::uint8_t {
  sync,   ///< on the loop's thread, one request at a time
  event,  ///< in a pool of threads beside the loop; async handlers on the loop
  green,  ///< in a fiber on the loop's thread
};

/// What a worker must know. Durations of 0 switch a deadline off.
struct Options {
  WorkerClass worker_class = WorkerClass::sync;
  std::size_t connections = 1000;             ///< open at once; further ones wait in the listeners' queues
  bool fair_accept = true;                    ///< leave connections to a sibling that is better placed
  std::size_t threads = 8;                    ///< of the event class's pool
  std::size_t fiber_stack_size = 256 * 1024;  ///< bytes
  bool file_offload = false;                  ///< class green: calls on regular files run by those threads
  std::size_t offload_threads = 8;            ///< for what would block the loop, in every class
  http::Limits limits;
  Proxies proxies;
  std::filesystem::path body_directory;     ///< for bodies beyond limits.max_buffered_body; empty: the system's
  std::uint64_t max_body_space = 0;         ///< bytes of all bodies in files together; beyond: 503; 0: no bound
  std::string server = "indrik";            ///< the Server field; empty: none
  milliseconds handshake_timeout{10'000};   ///< of TLS, from accept to its end
  milliseconds first_byte_timeout{30'000};  ///< from accept, or the handshake, to the first byte
  milliseconds head_timeout{10'000};        ///< from the first byte of a request to the end of its head
  milliseconds body_timeout{30'000};        ///< between two pieces of a body
  milliseconds write_timeout{30'000};       ///< between two pieces of an answer that the client takes
  std::uint64_t min_body_rate = 240;    ///< bytes a second of a body, see LeastRate; body_timeout is the grace; 0: any
  std::uint64_t min_write_rate = 240;   ///< the same of answers, with write_timeout
  milliseconds keep_alive{75'000};      ///< between two requests of one connection
  milliseconds stream_idle_timeout{0};  ///< for the next message of a conversation, unless its handler says otherwise
  milliseconds linger_timeout{2'000};   ///< for the client to close, after our last byte
  milliseconds drain_idle{1'000};       ///< grace for idle connections when draining
  milliseconds graceful_timeout{30'000};  ///< for everything when draining
  milliseconds timeout{30'000};           ///< from a complete request to its answer
  milliseconds max_timeout{300'000};      ///< what a handler may extend that to
  milliseconds queue_timeout{10'000};     ///< for a request to be begun, and for a connection that finds no room
  bool cancel_on_disconnect = true;       ///< async handlers whose client has left
  milliseconds heartbeat{1'000};          ///< between two signs of life; also how often the master is looked for
  milliseconds stall_threshold{100};      ///< a handler that holds the loop for longer is reported; 0: none; not sync
  std::uint64_t max_requests = 0;         ///< answers after which the worker asks to retire; 0: never
  std::size_t max_memory = 0;             ///< bytes resident above which it does, too; 0: no bound
};

/// Connections that come in there are for the handler, and not for the router.
struct StreamAt {
  int listener;  ///< the descriptor of one of the listeners
  stream::Handler* handler;
};

/// What a worker works with. All of it outlives the worker.
struct Surroundings {
  std::span<net::Listener> listeners;  ///< closed here when draining has emptied their queues
  const routing::Router& router;
  process::Slot& slot;
  log::ErrorLog& log;
  log::AccessLog* access_log = nullptr;  ///< null: off
  const net::TlsContext* tls = nullptr;  ///< of the listeners that speak TLS; null: none does
  int notice_fd = -1;                    ///< eventfd told when the slot has news; -1: nobody
  /// Routes that are answered 503 for a while; null: none is.
  const process::ClosedRoutes* closed_routes = nullptr;
  const process::StallSeat* stalls = nullptr;  ///< where handlers that hold the loop are told of; null: nowhere
  std::span<const process::Slot> siblings{};   ///< those that share the listeners
  std::span<const Fd> bells{};                 ///< of the siblings, Scoreboard::bells(); none, or without slot: alone
  std::span<const StreamAt> streams{};         ///< what is spoken at which listener; at all others it is HTTP
  pid_t master = 0;                            ///< when getppid() is another: drain and end; 0: no master
};

class Engine;

/// One worker process's serving life: accepts, reads, dispatches, answers, drains.
/// Signals while run(): TERM drains, INT and QUIT end at once, USR1 reopens the logs.
class Worker {
 public:
  /// Makes the loop and blocks the signals it reads. Throws BootError when the kernel refuses a descriptor.
  Worker(const Options& options, const Surroundings& surroundings);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// What its loop does for others, as long as it lives; on the thread that runs it.
  LoopServices services() noexcept;

  /// Says ready in the slot, then serves until drained or told to end. A second of patience for nobody: what still runs
  /// in a thread when it is told to end at once is left behind, so end the process soon after.
  void run();

 private:
  std::unique_ptr<Engine> engine_;
};

}  // namespace indrik::worker
