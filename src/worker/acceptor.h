#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "net/listener.h"
#include "worker/loop.h"

namespace indrik::worker {

/// Takes connections from the listeners that all workers share. The listeners stand with EPOLLEXCLUSIVE in an epoll set
/// of their own, which the loop watches: libev itself knows no EPOLLEXCLUSIVE, and without it each connection would
/// wake every worker. Loop thread only.
class Acceptor {
 public:
  /// Takes ownership of the connection; `peer` is its address as text, empty on a unix socket.
  using Accepted = std::function<void(Fd connection, std::string peer)>;
  /// Connections wait because there are no descriptors or no memory; called at every attempt, ten times a second.
  using Starving = std::function<void(const Error& reason)>;

  /// `batch`: connections taken in one turn of the loop. Throws BootError when the kernel refuses the epoll set.
  Acceptor(
      const Loop& loop, std::span<net::Listener> listeners, int batch, Accepted accepted,
      Starving starving = [](const Error&) {});

  /// Resumed is the opposite of paused: paused, this worker is not woken for connections, the others are. Paused at
  /// first. A failure is that of epoll_ctl(2); resuming is then tried again by itself.
  Result<void> resume() noexcept;
  void pause() noexcept;
  /// Takes what waits in the queues, `most` connections at most. True: the queues are empty.
  bool empty(std::size_t most) noexcept;
  /// Somebody waits in the queues.
  bool has_waiting() const noexcept;
  /// For the end: closes this process's copies of the listeners, so that nobody queues for a worker that will not come
  /// back.
  void close() noexcept;

 private:
  void on_readable(ev::io&, int) noexcept;
  void on_retry(ev::timer&, int) noexcept;
  void look_away_for_a_moment() noexcept;
  /// False: nothing was there to take; errno says why.
  bool take_one(int listener) noexcept;

  std::span<net::Listener> listeners_;
  int batch_;
  Accepted accepted_;
  Starving starving_;
  Fd set_;
  ev::io watcher_;
  ev::timer retry_;
  bool resumed_ = false;
};

}  // namespace indrik::worker
