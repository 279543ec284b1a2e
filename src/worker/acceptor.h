#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "net/listener.h"
#include "process/scoreboard.h"
#include "worker/accept_gate.h"
#include "worker/loop.h"
#include "worker/shared_watch.h"

namespace indrik::worker {

/// What workers that share listeners know of each other.
struct Sharing {
  process::Slot& own;
  std::span<const process::Slot> all;  ///< own among them
  std::span<const Fd> bells;           ///< an eventfd for each; rung by a sibling that passes a connection on
  bool one_at_a_time = false;          ///< a request keeps all others of its worker waiting
};

/// Takes connections from the listeners that all workers share, and leaves them to a sibling that is better placed
/// (accept_gate.h). Leaving them, it looks away until it is idle itself, has done what it had to do before the
/// connection came, is offered one by a sibling for which it is better placed, or some milliseconds have passed and
/// nobody has taken what it left. Loop thread only.
class Acceptor {
 public:
  /// Takes ownership of the connection; `peer` is its address as text, empty on a unix socket; `listener` is the
  /// descriptor that it came through.
  using Accepted = std::function<void(Fd connection, std::string peer, int listener)>;
  /// Connections wait because there are no descriptors or no memory; called at every attempt, ten times a second.
  using Starving = std::function<void(const Error& reason)>;

  /// `batch`: connections taken in one turn of the loop. Turns the loop once. `sharing`: none: it takes what it can.
  Acceptor(
      const Loop& loop, std::span<net::Listener> listeners, int batch, Accepted accepted,
      Starving starving = [](const Error&) {}, std::optional<Sharing> sharing = std::nullopt);

  /// Resumed is the opposite of paused: paused, this worker is not woken for connections, the others are. Paused at
  /// first. A failure is that of epoll_ctl(2); resuming is then tried again by itself.
  Result<void> resume() noexcept;
  void pause() noexcept;
  /// Takes what waits in the queues, `most` connections at most. True: the queues are empty.
  bool empty(std::size_t most) noexcept;
  /// Somebody waits in the queues.
  bool has_waiting() const noexcept;
  /// To be called in every turn of the loop, before it waits.
  void end_turn() noexcept {
    if (left_to_others_) look_back_if_free();
  }
  /// To be called once a second or so: takes what a worker was woken for that has not come, stopped or killed.
  void look_for_forgotten() noexcept;
  /// For the end: closes this process's copies of the listeners, so that nobody queues for a worker that will not come
  /// back.
  void close() noexcept;

 private:
  void on_ready(int listener) noexcept;
  void on_bell(ev::io& bell, int) noexcept;
  std::size_t own_number() const noexcept;
  void on_retry(ev::timer&, int) noexcept;
  void on_impatience(ev::timer&, int) noexcept;
  void look_away_for_a_moment() noexcept;
  /// Takes a batch of what waits at the listener, as far as it is this worker's to take; how many it took.
  int take_from(int listener) noexcept;
  int take_batch(int listener, int most) noexcept;
  /// False: nothing was there to take; errno says why.
  bool take_one(int listener) noexcept;
  bool may_take(int listener) noexcept;
  void leave_to_others(const Judgement& judgement) noexcept;
  void look_back_if_free() noexcept;
  void look_back() noexcept;
  Result<void> arm() noexcept;
  void disarm() noexcept;

  std::span<net::Listener> listeners_;
  int batch_;
  Accepted accepted_;
  Starving starving_;
  std::optional<Sharing> sharing_;
  SharedWatch watch_;
  ev::io bell_;
  ev::timer retry_;
  ev::timer impatience_;
  bool resumed_ = false;
  bool left_to_others_ = false;       ///< resumed, but not watching the listeners
  bool was_busy_ = false;             ///< when it left them
  std::uint64_t answers_before_ = 0;  ///< in the slot's count, when all is done that came before what was left
};

}  // namespace indrik::worker
