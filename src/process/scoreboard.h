#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "process/crash_board.h"
#include "process/stall_board.h"

namespace indrik::process {

enum class WorkerState : std::uint32_t { empty, starting, ready, retiring };

/// What a worker does, in memory that master and workers share. Written by its worker only, but for server_stops (the
/// master writes the rest while no worker has the slot: between reap and fork), read by anyone. Atomics only: a reader
/// may see a request's fields half changed, never wild.
struct alignas(64) Slot {
  std::atomic<std::int32_t> pid{0};
  std::atomic<std::uint32_t> generation{0};
  std::atomic<WorkerState> state{WorkerState::empty};
  /// The whole server stops, or one of its addresses goes, and nobody comes after this worker: it is to serve what
  /// waits in the listeners' queues before it ends. Set by the master before it sends TERM, by as much as drain_delay;
  /// false at TTOU, at a TERM from outside, and at a reload that keeps the addresses.
  std::atomic<bool> server_stops{false};
  /// The worker has served enough and goes on serving until the master, who lets one at a time go, sends TERM.
  std::atomic<bool> asks_to_retire{false};
  /// The worker watches the listeners: it is not told to retire, not full, and has not left them to others.
  std::atomic<bool> takes_connections{false};
  std::atomic<std::int64_t> heartbeat_ns{0};  ///< monotonic_ns() of the last turn of the worker's loop
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint32_t> in_flight{0};   ///< requests given to a handler and not yet answered
  std::atomic<std::uint32_t> expected{0};    ///< connections of which no request has come yet
  std::atomic<std::int64_t> accepted_ns{0};  ///< coarse_monotonic_ns() when the latest of them came

  // Totals. They are of the slot, not of the process: they go on when a worker is replaced, and never go backwards.
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> errors{0};  ///< answers of 500 and above
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> timed_out{0};  ///< answers 504: the request's deadline passed
  std::atomic<std::uint64_t> refused{0};    ///< answers 503 before a handler ran: too many requests or connections
  /// Turns of the loop for a connection that this worker then did not take: another was faster, or better placed.
  std::atomic<std::uint64_t> woken_in_vain{0};

  std::atomic<std::uint64_t> stalls{0};       ///< handlers that held the loop for longer than stall_threshold
  std::atomic<std::uint64_t> lock_stalls{0};  ///< waits of fibers that held a mutex

  std::atomic<std::uint32_t> fibers{0};         ///< whose handler has not ended
  std::atomic<std::uint32_t> most_fibers{0};    ///< the most at once
  std::atomic<std::uint64_t> deepest_stack{0};  ///< bytes of a fiber's stack that were ever used

  /// The blocking request now running on the loop's thread (sync, green), for the report about a stuck worker. since 0:
  /// none.
  std::atomic<std::int64_t> running_since_ns{0};
  /// It ends in order, with whatever code: nothing in it called exit on its own.
  std::atomic<bool> ends_in_order{false};
  /// "GET /health (route /health, plugin health)", NUL-terminated, cut to fit; in words, because each request writes it
  std::atomic<std::uint64_t> running_what[13]{};

  /// Why a worker that could not start has ended, NUL-terminated, cut to fit; read when it is gone. Empty: nothing.
  std::atomic<std::uint64_t> last_words[64]{};
};

/// Adds one to a total of the worker's own slot.
inline void increment(std::atomic<std::uint64_t>& total) noexcept {
  total.store(total.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);  // one writer: no lock needed
}

/// The anonymous shared mapping of all slots, and beside it that of their crash records; made before the first fork,
/// unmapped with the object.
class Scoreboard {
 public:
  /// Room for `slots` workers at once, the first of which (all, if not said) have bells. Fails with the errno of mmap
  /// or eventfd.
  static Result<Scoreboard> create(std::size_t slots, std::size_t bells = std::numeric_limits<std::size_t>::max());
  Scoreboard(Scoreboard&& other) noexcept;
  Scoreboard& operator=(Scoreboard&&) = delete;
  ~Scoreboard();

  std::span<Slot> slots() noexcept { return {slots_, count_}; }
  std::span<const Slot> slots() const noexcept { return {slots_, count_}; }
  CrashBoard& crashes() noexcept { return crashes_; }
  StallBoard& stalls() noexcept { return stalls_; }
  /// An eventfd for each of the first slots, by which siblings tell its worker that a connection waits for it.
  std::span<const Fd> bells() const noexcept { return bells_; }

 private:
  Scoreboard(Slot* slots, std::size_t count, CrashBoard crashes, StallBoard stalls, std::vector<Fd> bells) noexcept
      : slots_{slots},
        count_{count},
        crashes_{std::move(crashes)},
        stalls_{std::move(stalls)},
        bells_{std::move(bells)} {}
  Slot* slots_ = nullptr;
  std::size_t count_ = 0;
  CrashBoard crashes_;
  StallBoard stalls_;
  std::vector<Fd> bells_;
};

/// Copies `what` into slot.running_what and sets since; the counterpart clears since only.
void begin_running(Slot& slot, std::string_view what, std::int64_t since_ns) noexcept;
void end_running(Slot& slot) noexcept;

/// For a worker that ends before it is ready, so that the master can say why in the same sentence.
void say_last_words(Slot& slot, std::string_view text) noexcept;
std::string last_words_in(const Slot& slot);

/// What a worker's thread is busy with, read from outside; none: nothing.
struct Running {
  std::string what;
  std::int64_t since_ns = 0;
};
std::optional<Running> running_in(const Slot& slot);

}  // namespace indrik::process
