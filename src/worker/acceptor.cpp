#include "worker/acceptor.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <vector>

#include "base/error.h"
#include "net/address.h"

namespace indrik::worker {
namespace {

constexpr ev_tstamp kRetryAfter = 0.1;  // seconds, when the process or the system is out of descriptors or memory
/// Seconds that a sibling has for what was passed on to it; then it is stopped, or busy after all.
constexpr ev_tstamp kPassedOn = 0.05;
/// Seconds after which a busy worker takes what waits for a free one, if its own requests do not end.
constexpr ev_tstamp kLeft = 1.0;

/// The process or the system is out of descriptors or memory: accept(2) fails with the connection left in the queue.
bool is_starving(int code) noexcept { return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM; }

std::string peer_text(const sockaddr_storage& raw, socklen_t size) {
  return raw.ss_family == AF_UNIX ? std::string{} : net::Address::from_sockaddr(raw, size).text();
}

std::vector<int> descriptors_of(std::span<const net::Listener> listeners) {
  std::vector<int> descriptors;
  for (const auto& listener : listeners) descriptors.push_back(listener.fd());
  return descriptors;
}

bool is_readable(int descriptor) noexcept {
  pollfd look{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&look, 1, 0) > 0;
}

}  // namespace

Acceptor::Acceptor(const Loop& loop, std::span<net::Listener> listeners, int batch, Accepted accepted,
                   Starving starving, std::optional<Sharing> sharing)
    : listeners_{listeners},
      batch_{batch},
      accepted_{std::move(accepted)},
      starving_{std::move(starving)},
      sharing_{sharing},
      watch_{loop, [this](int listener) { on_ready(listener); }},
      bell_{loop},
      retry_{loop},
      impatience_{loop} {
  retry_.set<Acceptor, &Acceptor::on_retry>(this);
  impatience_.set<Acceptor, &Acceptor::on_impatience>(this);
  watch_.watch(descriptors_of(listeners_));
  if (!sharing_) return;
  bell_.set<Acceptor, &Acceptor::on_bell>(this);
  bell_.start(sharing_->bells[own_number()].get(), ev::READ);
}

Result<void> Acceptor::resume() noexcept {
  if (std::exchange(resumed_, true)) return {};
  auto armed = watch_.arm();
  if (!armed) look_away_for_a_moment();
  if (sharing_) sharing_->own.takes_connections.store(resumed_, std::memory_order_relaxed);
  return armed;
}

void Acceptor::pause() noexcept {
  retry_.stop();
  impatience_.stop();
  left_to_others_ = false;
  resumed_ = false;
  if (sharing_) sharing_->own.takes_connections.store(false, std::memory_order_relaxed);
  watch_.disarm();
}

void Acceptor::look_away_for_a_moment() noexcept {
  pause();
  retry_.start(kRetryAfter);
}

void Acceptor::on_retry(ev::timer&, int) noexcept {
  if (const auto resumed = resume(); !resumed) return;  // it has armed the timer again
}

bool Acceptor::empty(std::size_t most) noexcept {
  for (const auto& listener : listeners_) {
    while (most > 0 && take_one(listener.fd())) --most;
    if (most == 0 || is_starving(errno)) return false;
  }
  return true;
}

bool Acceptor::has_waiting() const noexcept {
  for (const auto& listener : listeners_)
    if (is_readable(listener.fd())) return true;
  return false;
}

void Acceptor::close() noexcept {
  pause();
  watch_.clear();
  bell_.stop();
  for (auto& listener : listeners_) listener.close();
}

void Acceptor::on_ready(int listener) noexcept {
  const int taken = take_from(listener);
  if (!sharing_) return;
  if (taken > 0) {
    watch_.step_back(listener);
  } else {
    process::increment(sharing_->own.woken_in_vain);
  }
}

/// A sibling has found that this worker is the one to take what waits.
void Acceptor::on_bell(ev::io& bell, int) noexcept {
  std::uint64_t rung = 0;
  if (::read(bell.fd, &rung, sizeof rung) != sizeof rung || !resumed_) return;
  if (left_to_others_) look_back();
  for (const auto& listener : listeners_) on_ready(listener.fd());
}

std::size_t Acceptor::own_number() const noexcept {
  return static_cast<std::size_t>(&sharing_->own - sharing_->all.data());
}

int Acceptor::take_from(int listener) noexcept {
  if (!sharing_) return take_batch(listener, batch_);
  int taken = 0;
  while (taken < batch_ && resumed_ && !left_to_others_ && may_take(listener) && take_one(listener)) ++taken;
  return taken;
}

int Acceptor::take_batch(int listener, int most) noexcept {
  int taken = 0;
  while (taken < most && resumed_ && take_one(listener)) ++taken;
  return taken;
}

bool Acceptor::take_one(int listener) noexcept {
  sockaddr_storage raw;
  socklen_t size = sizeof raw;
  Fd connection{::accept4(listener, reinterpret_cast<sockaddr*>(&raw), &size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (connection) {
    accepted_(std::move(connection), peer_text(raw, size), listener);
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

/// Whether what waits, if anything does, is this worker's to take.
bool Acceptor::may_take(int listener) noexcept {
  const auto judgement = judge(sharing_->all, own_number(), coarse_monotonic_ns(), sharing_->one_at_a_time);
  if (judgement.verdict == Verdict::take) return true;
  if (is_readable(listener)) leave_to_others(judgement);
  return false;
}

void Acceptor::leave_to_others(const Judgement& judgement) noexcept {
  const auto& own = sharing_->own;
  left_to_others_ = true;
  watch_.disarm();
  was_busy_ = is_busy(own, coarse_monotonic_ns());
  if (judgement.verdict == Verdict::wait) {
    answers_before_ = own.requests.load(std::memory_order_relaxed) + own.in_flight.load(std::memory_order_relaxed);
    return impatience_.start(kLeft);
  }
  answers_before_ = std::numeric_limits<std::uint64_t>::max();
  impatience_.start(kPassedOn);
  const std::uint64_t one = 1;
  // The kernel has told one process of the connection, us.
  (void)!::write(sharing_->bells[judgement.to].get(), &one, sizeof one);
}

void Acceptor::look_back_if_free() noexcept {
  const auto& own = sharing_->own;
  const bool busy = is_busy(own, coarse_monotonic_ns());
  if (busy ? own.requests.load(std::memory_order_relaxed) < answers_before_ : !was_busy_) return;
  look_back();
  if (!busy) return;                                                     // the loop sees what there is
  for (const auto& listener : listeners_) take_batch(listener.fd(), 1);  // whose turn has come, after what was here
}

void Acceptor::on_impatience(ev::timer&, int) noexcept {
  look_back();
  for (const auto& listener : listeners_) take_batch(listener.fd(), 1);
}

void Acceptor::look_back() noexcept {
  impatience_.stop();
  left_to_others_ = false;
  if (!watch_.arm()) look_away_for_a_moment();
}

void Acceptor::look_for_forgotten() noexcept {
  if (!resumed_ || left_to_others_ || !has_waiting()) return;
  for (const auto& listener : listeners_) take_from(listener.fd());
}

}  // namespace indrik::worker
