#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "peer.h"

/// Nothing has come that nobody has asked for, the peer's end included: a connection that has waited can be used.
inline bool is_quiet(int socket) noexcept {
  char byte = 0;
  return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/// Connections to one peer, each for one request at a time: made when needed, up to a number, and kept for the next.
/// For blocking handlers, on any threads and fibers. A `Connection` tells whether it is_alive() after it has waited.
template <class Connection>
class Pool {
 public:
  using Connect = std::function<std::unique_ptr<Connection>()>;

  /// A connection while a request has it. It goes back if keep() was called, else it is closed: after a failure nobody
  /// knows what the peer will still send.
  class Lease {
   public:
    explicit Lease(Pool& pool) : pool_{pool}, connection_{pool.reserve()} {
      try {
        if (!connection_ || !connection_->is_alive()) connection_ = pool_.connect_();
      } catch (...) {
        pool_.put(nullptr);
        throw;
      }
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool_.put(keep_ ? std::move(connection_) : nullptr); }

    Connection* operator->() const noexcept { return connection_.get(); }
    void keep() noexcept { keep_ = true; }

   private:
    Pool& pool_;
    std::unique_ptr<Connection> connection_;
    bool keep_ = false;
  };

  /// `connect` makes one, or throws PeerFailed.
  Pool(std::size_t most, std::chrono::milliseconds patience, Connect connect)
      : free_{most}, patience_{patience}, connect_{std::move(connect)} {}

  /// Throws what `connect` throws, and PeerFailed where none is free within `patience`.
  Lease take() { return Lease{*this}; }
  /// Closes those that wait.
  void clear() {
    const std::lock_guard lock{mutex_};
    idle_.clear();
  }

 private:
  /// One that has waited, last used first, or none: then there is room to make one.
  std::unique_ptr<Connection> reserve() {
    std::unique_lock lock{mutex_};
    if (!freed_.wait_for(lock, patience_, [this] { return free_ > 0; }))
      throw PeerFailed{"no connection became free within " + std::to_string(patience_.count()) + " ms"};
    --free_;
    if (idle_.empty()) return nullptr;
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  void put(std::unique_ptr<Connection> connection) {
    {
      const std::lock_guard lock{mutex_};
      if (connection) idle_.push_back(std::move(connection));
      ++free_;
    }
    freed_.notify_one();
  }

  std::size_t free_;  ///< how many more may be taken
  std::chrono::milliseconds patience_;
  Connect connect_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
};
