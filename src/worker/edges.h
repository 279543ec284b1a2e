#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <vector>

namespace indrik::worker {

/// Sockets of which epoll tells once for each time that something comes (EPOLLET, epoll(7)), not in every turn in which
/// something is there: a request then costs the kernel one look at its socket, not two. That holds while a socket is
/// watched for reading alone. Whoever watches for writing, too, is told as ever.
///
/// Whoever reads such a socket takes all there is, which a read that does not fill its room has done; unless the end of
/// input came with the last bytes, see has_ended(). Else he must have the socket looked at again: a watcher of libev's
/// that is stopped and started does that.
///
/// libev knows nothing of edges: this process's own epoll_ctl and epoll_wait, which libev calls, add them. One
/// thread's, the one that it was made in; the thread's latest counts.
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
  /// The client has ended its sending half: this is still to be read, after what came before it.
  bool has_ended(int socket) const noexcept { return state(socket) == State::ended; }

  /// As epoll_ctl(2), for a socket that it has.
  int control(int set, int operation, int socket, epoll_event event) noexcept;
  /// What epoll_wait(2) has given.
  void hear(int set, const epoll_event* events, int count) noexcept;

  /// This thread's; null: it has none.
  static Edges* of_thread() noexcept;

 private:
  enum class State : std::uint8_t { none, open, ended };

  State state(int socket) const noexcept {
    const auto place = static_cast<std::size_t>(socket);
    return place < states_.size() ? states_[place] : State::none;
  }

  std::vector<State> states_;  ///< by descriptor
  int set_ = -1;               ///< the epoll set that the sockets are in
  Edges* before_;              ///< this thread's
};

}  // namespace indrik::worker
