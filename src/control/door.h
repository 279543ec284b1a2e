#pragma once

#include <poll.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "control/answer.h"
#include "control/request.h"
#include "net/listener.h"

namespace indrik::control {

/// Where a master is asked: the control socket and those who came to it. Each comes with one request, waits for the
/// answer and is shown out. Nothing here blocks, and everything is bounded: the clients, their lines, and how long they
/// take to ask and to hear. Only root and whoever the master is are listened to, whatever the file's permissions.
class Door {
 public:
  using Visitor = std::uint64_t;

  /// Somebody has asked, and is to be answered.
  struct Visit {
    Visitor visitor;
    Request request;
    pid_t pid;
    uid_t user;
  };
  struct Limits {
    std::size_t clients = 16;
    milliseconds patience{5'000};  ///< for a whole request, and again for taking the answer
  };

  /// Whether user `who` is listened to by a master that user `master` runs.
  static constexpr bool listens_to(uid_t who, uid_t master) noexcept { return who == 0 || who == master; }

  /// Without a socket: nobody comes.
  Door() = default;
  explicit Door(net::Listener listener) : Door{std::move(listener), Limits{}} {}
  Door(net::Listener listener, Limits limits) : listener_{std::move(listener)}, limits_{limits} {}

  /// Adds what poll(2) is to wait for.
  void watch(std::vector<pollfd>& sources) const;
  /// When somebody has taken too long.
  TimePoint next_deadline() const noexcept;
  /// Lets in, reads, writes and shows out, a bounded piece of each. Who asks wrongly is answered here.
  std::vector<Visit> attend(TimePoint now);
  /// Nothing, if the visitor has left.
  void answer(Visitor visitor, const Answer& answer, TimePoint now);
  /// Answers everybody who waits as the process's last deed. Their connections end with this object: who waits for that
  /// knows that all is over.
  void farewell(const Answer& answer);

  /// The listening socket's number and address, to be handed over; -1: there is none.
  int fd() const noexcept { return listener_ ? listener_->fd() : -1; }
  std::string address() const { return listener_ ? listener_->asked().text() : std::string{}; }
  /// The file is ours from now on; and so is `other`'s, which goes. For an heir, when it serves.
  void take_over();
  /// A socket that an heir was left and has no use for: it, and its file, go at take_over().
  void retire_later(net::Listener other) { retired_ = std::move(other); }
  /// Another master has the door now: nobody comes in any more, who is here is still answered.
  void hand_over() noexcept;
  /// Closes the socket and removes its file.
  void close() noexcept;
  /// In a forked child: gives up this process's copies.
  void close_in_child() noexcept;

 private:
  enum class Stage : std::uint8_t { asking, waiting, hearing, leaving };
  struct Client {
    Visitor visitor;
    Fd fd;
    pid_t pid;
    uid_t user;
    Stage stage = Stage::asking;
    TimePoint deadline;
    std::string line{};    ///< what has come of it
    std::string answer{};  ///< what has not gone of it
  };

  void let_in(TimePoint now, std::vector<Visit>& visits);
  void make_room(TimePoint now);
  void read(Client& client, TimePoint now, std::vector<Visit>& visits);
  void tell(Client& client, const Answer& answer, TimePoint now);
  static void write(Client& client);
  static bool has_hung_up(const Client& client) noexcept;

  std::optional<net::Listener> listener_;
  std::optional<net::Listener> retired_;
  Limits limits_;
  Visitor last_visitor_ = 0;
  TimePoint rests_until_ = TimePoint::min();  ///< nobody is let in; min: it does not rest
  std::list<Client> clients_;                 ///< oldest first
};

}  // namespace indrik::control
