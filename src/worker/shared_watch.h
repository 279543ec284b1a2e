#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <span>

#include "base/result.h"
#include "worker/loop.h"

namespace indrik::worker {

/// Watches descriptors that every worker watches, so that an event wakes one worker whose loop waits, and none that is
/// busy (EPOLLEXCLUSIVE, epoll_ctl(2)). libev knows no such thing, and in an epoll set of our own below libev's the
/// kernel would not stop at the first: only a process that waits in the very set that has the descriptor ends its walk.
/// So libev watches each descriptor as any other, once; then its entry in the kernel's set is put there anew, exclusive
/// and with the data that libev gave it, as proc(5) shows it in fdinfo. Where that cannot be read, the entries stay as
/// libev made them: everything works, with more wake-ups. Loop thread only.
class SharedWatch {
 public:
  /// The descriptor is readable, or was a moment ago.
  using Ready = std::function<void(int descriptor)>;

  SharedWatch(const Loop& loop, Ready ready);
  ~SharedWatch();
  SharedWatch(const SharedWatch&) = delete;
  SharedWatch& operator=(const SharedWatch&) = delete;

  /// Adds descriptors, which stay open until clear(). To be called before anybody else watches anything that must not
  /// fire yet: it turns the loop once.
  void watch(std::span<const int> descriptors);
  /// Armed is the opposite of disarmed, as it is at first: disarmed, this worker is not woken. Fails with epoll_ctl's
  /// errno, and is then disarmed.
  Result<void> arm() noexcept;
  void disarm() noexcept;
  bool is_armed() const noexcept { return armed_; }
  /// Puts this worker behind all others that are armed, in the order in which the kernel asks them.
  void step_back(int descriptor) noexcept;
  /// Watches nothing any more: the descriptors may be closed.
  void clear() noexcept;

 private:
  struct Entry {
    Entry(const Loop& loop, int fd) : descriptor{fd}, watcher{loop} {}
    int descriptor;
    ev::io watcher;
    std::uint64_t data = 0;  ///< libev's, in the kernel's set
  };

  void on_readable(ev::io& watcher, int) noexcept;
  void on_renewal(ev::fork&, int) noexcept;
  void on_renewed(ev::timer&, int) noexcept;
  void take_over() noexcept;
  bool add(const Entry& entry) const noexcept;
  void remove(const Entry& entry) const noexcept;

  const Loop& loop_;
  Ready ready_;
  std::list<Entry> entries_;
  int set_ = -1;  ///< libev's epoll set, which it owns; -1: not known
  ev::fork renewal_;
  ev::timer renewed_;
  bool armed_ = false;
};

}  // namespace indrik::worker
