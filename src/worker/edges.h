#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>
#include <vector>

namespace indrik::worker {

/// Sockets of which epoll tells once for each time that something comes (EPOLLET, epoll(7)), not in every turn in which
/// something is there: a request then costs the kernel one look at its socket, not two. That holds while a socket is
/// watched for reading alone. Whoever watches for writing, too, is told as ever.
///
/// Whoever reads such a socket takes all there is, which a read that does not fill its room has done; but see
/// may_hold_more(). Else he must have the socket looked at again: a watcher of libev's that is stopped, and started
/// with its descriptor, does that. One that is merely stopped forgets what it was about to tell.
///
/// libev knows nothing of edges: the loop's own epoll_ctl and epoll_wait, which libev calls, add them. One thread's,
/// the one that it was made in; the thread's latest counts.
class Edges {
 public:
  Edges() noexcept;
  ~Edges();
  Edges(const Edges&) = delete;
  Edges& operator=(const Edges&) = delete;

  /// From its next watch on. Without memory it stays as it is.
  void add(int socket) noexcept;
  /// Before it is closed: its number will be another's.
  void remove(int socket) noexcept;
  bool has(int socket) const noexcept { return state(socket) != State::none; }
  /// A read may leave something though it does not fill its room: the client has ended its sending half, which is told
  /// by a read of its own, or it has sent urgent data (tcp(7)), at which a read ends.
  bool may_hold_more(int socket) const noexcept { return state(socket) == State::uneven; }

  /// As epoll_ctl(2), for a socket that it has.
  int control(int set, int operation, int socket, epoll_event event) noexcept;
  /// What epoll_wait(2) has given to libev.
  void hear(std::span<const epoll_event> events) noexcept;

  /// This thread's; null: it has none.
  static Edges* of_thread() noexcept;

 private:
  enum class State : std::uint8_t { none, even, uneven };

  State state(int socket) const noexcept {
    const auto place = static_cast<std::size_t>(socket);
    return place < states_.size() ? states_[place] : State::none;
  }

  std::vector<State> states_;  ///< by descriptor
  Edges* before_;              ///< this thread's
};

}  // namespace indrik::worker
