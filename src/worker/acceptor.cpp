#include "worker/acceptor.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "net/address.h"

namespace indrik::worker {
namespace {

constexpr ev_tstamp kRetryAfter = 0.1;  // seconds, when the process or the system is out of descriptors or memory

/// The process or the system is out of descriptors or memory: accept(2) fails with the connection left in the queue.
bool is_starving(int code) noexcept { return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM; }

std::string peer_text(const sockaddr_storage& raw, socklen_t size) {
  return raw.ss_family == AF_UNIX ? std::string{} : net::Address::from_sockaddr(raw, size).text();
}

}  // namespace

Acceptor::Acceptor(const Loop& loop, std::span<net::Listener> listeners, int batch, Accepted accepted,
                   Starving starving)
    : listeners_{listeners},
      batch_{batch},
      accepted_{std::move(accepted)},
      starving_{std::move(starving)},
      set_{::epoll_create1(EPOLL_CLOEXEC)},
      watcher_{loop},
      retry_{loop} {
  if (!set_) throw BootError{ExitCode::run_failed, Error::from_errno(errno, "make an epoll set").text()};
  watcher_.set<Acceptor, &Acceptor::on_readable>(this);
  retry_.set<Acceptor, &Acceptor::on_retry>(this);
  watcher_.start(set_.get(), ev::READ);
}

Result<void> Acceptor::resume() noexcept {
  if (std::exchange(resumed_, true)) return {};
  for (const auto& listener : listeners_) {
    epoll_event event{.events = EPOLLIN | EPOLLEXCLUSIVE, .data = {.fd = listener.fd()}};
    if (::epoll_ctl(set_.get(), EPOLL_CTL_ADD, listener.fd(), &event) == 0) continue;
    const int reason = errno;
    look_away_for_a_moment();
    return fail(Error::from_errno(reason, "watch {}", listener.address().text()));
  }
  return {};
}

void Acceptor::pause() noexcept {
  retry_.stop();
  if (!std::exchange(resumed_, false)) return;
  // Out of the set, not only unwatched: the kernel would go on choosing this worker for some of the wake-ups.
  for (const auto& listener : listeners_) ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, listener.fd(), nullptr);
}

void Acceptor::look_away_for_a_moment() noexcept {
  pause();
  retry_.start(kRetryAfter);
}

bool Acceptor::empty(std::size_t most) noexcept {
  for (const auto& listener : listeners_) {
    while (most > 0 && take_one(listener.fd())) --most;
    if (most == 0 || is_starving(errno)) return false;
  }
  return true;
}

bool Acceptor::has_waiting() const noexcept {
  for (const auto& listener : listeners_) {
    pollfd look{.fd = listener.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&look, 1, 0) > 0) return true;
  }
  return false;
}

void Acceptor::close() noexcept {
  pause();
  for (auto& listener : listeners_) listener.close();
}

void Acceptor::on_readable(ev::io&, int) noexcept {
  std::array<epoll_event, 16> ready;
  const int count = ::epoll_wait(set_.get(), ready.data(), static_cast<int>(ready.size()), 0);
  for (int i = 0; i < count; ++i)
    for (int taken = 0; taken < batch_ && resumed_ && take_one(ready[static_cast<std::size_t>(i)].data.fd);) ++taken;
}

bool Acceptor::take_one(int listener) noexcept {
  sockaddr_storage raw;
  socklen_t size = sizeof raw;
  Fd connection{::accept4(listener, reinterpret_cast<sockaddr*>(&raw), &size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (connection) {
    accepted_(std::move(connection), peer_text(raw, size));
    return true;
  }
  if (is_starving(errno) && resumed_) {
    // The connection stays in the queue and would wake us without end.
    const int reason = errno;
    look_away_for_a_moment();
    starving_(Error::from_errno(reason, "accept a connection"));
    errno = reason;
  }
  return false;  // another worker was faster, or the client has gone again (ECONNABORTED and its like, accept(2))
}

void Acceptor::on_retry(ev::timer&, int) noexcept {
  if (const auto resumed = resume(); !resumed) return;  // it has armed the timer again
}

}  // namespace indrik::worker
