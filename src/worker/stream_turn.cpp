// How a conversation begins, waits in a thread, and ends.
#include <poll.h>

#include <algorithm>
#include <utility>

#include "net/unsent.h"
#include "worker/engine.h"
#include "worker/gauge.h"
#include "worker/stream_connection.h"

namespace indrik::worker {

void StreamConnection::open() noexcept {
  add(all_.engine().slot().expected, 1);
  if (origin_.pending() == nullptr) return start();
  readable_.start(stream_.fd(), ev::READ);
  all_.preambles().enter(deadline_);
}

void StreamConnection::read_preamble(Preamble& preamble) noexcept {
  auto& engine = all_.engine();
  switch (preamble.read(stream_.fd(), engine.read_buffer())) {
    case Preamble::Outcome::waiting:
      return look_again();
    case Preamble::Outcome::refused:
      engine.complain_of_preamble(origin_.name());
      return close();
    case Preamble::Outcome::ended:
      return close();
    case Preamble::Outcome::over:
      break;
  }
  deadline_.clear();
  const auto given_back = preamble.given_back();
  if (!buffer_.make_room(begin_, end_)) return close(true);
  end_ = std::copy(given_back.begin(), given_back.end(), end_);  // shorter than any buffer
  start();
}

/// The first message has mostly come with the connection.
void StreamConnection::start() noexcept {
  readable_.stop();
  receive();
  if (gone_) return close();
  if (unread() > 0) be_heard();
  all_.engine().executor().submit(*this);
}

/// It is no longer only expected to say something.
void StreamConnection::be_heard() noexcept {
  if (!std::exchange(unheard_, false)) return;
  add(all_.engine().slot().expected, -1U);
}

/// One that waits for a message does not make its worker a busy one.
void StreamConnection::be_idle(bool idle) noexcept {
  if (std::exchange(idle_, idle) == idle) return;
  add(all_.engine().slot().in_flight, idle ? -1U : 1U);
}

void StreamConnection::queue() noexcept { all_.turns().enter(deadline_); }

bool StreamConnection::begin() noexcept {
  auto expected = Stage::waiting;
  return stage_.compare_exchange_strong(expected, Stage::running, std::memory_order_acq_rel);
}

void StreamConnection::leave_loop() noexcept {
  in_thread_ = true;
  buffer_.leave_pool();
  be_heard();
  be_idle(false);
}

void StreamConnection::mark(LoopTurn& turn) noexcept {
  const auto now = coarse_monotonic_ns();
  running_ = {.method = "stream",
              .path = handler_.name(),
              .route = handler_.name(),
              .plugin = handler_.plugin(),
              .since_ns = now};
  process::mark_running(&running_);
  if (in_thread_) return;
  turn.slot.heartbeat_ns.store(now, std::memory_order_relaxed);
  process::begin_running(turn.slot, at_.description, now);
  turn.pulse.enter();
  be_idle(false);
}

void StreamConnection::start_on_loop() noexcept {
  on_loop_ = true;
  begin();
  auto& turn = all_.engine().turn();
  mark(turn);
  handler_.start(*this);
  RunningMark::clear(turn);
}

/// Here the socket is asked and awaited by the thread itself.
void StreamConnection::wait_in_thread(Direction direction) noexcept {
  const bool reads = direction == Direction::read;
  const auto& options = all_.engine().options();
  const auto limit = (reads ? read_patience_ : write_patience_).limit();
  const auto looks = Uptake::look_interval(options.write_timeout);
  const auto due = limit > nanoseconds::zero() ? Clock::now() + limit : TimePoint::max();
  auto look_at = looks > milliseconds::zero() && unsent() > 0 ? Clock::now() + looks : TimePoint::max();
  if (unsent() > 0) uptake_.begin();
  while (true) {
    pollfd waiting[] = {{.fd = stream_.fd(), .events = 0, .revents = 0},
                        {.fd = all_.grace_is_over() ? -1 : all_.stop_event(), .events = POLLIN, .revents = 0}};
    if (reads) waiting[0].events |= POLLIN;
    if (unsent() > 0) waiting[0].events |= POLLOUT;
    const auto until = std::min(due, look_at);
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    const int patience =
        until == TimePoint::max() ? -1 : static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
    (void)::poll(waiting, 2, patience);
    if ((waiting[0].revents & POLLOUT) != 0) send_some();
    if (gone_ || (!reads && unsent() <= write_goal_)) return;
    if ((waiting[0].revents & ~POLLOUT) != 0 && (reads || unsent() == 0)) {
      receive();
      return;
    }
    if (reads && unread() == 0 && all_.grace_is_over()) return;
    const auto now = Clock::now();
    if (now >= due) {
      (reads ? read_late_ : write_late_) = true;
      return;
    }
    if (now >= look_at) {
      look_at_taking();
      if (gone_) return;
      look_at = unsent() > 0 ? now + looks : TimePoint::max();
    }
  }
}

void StreamConnection::look_at_taking() noexcept {
  const auto& options = all_.engine().options();
  const LeastRate rate{.least = options.min_write_rate, .grace = options.write_timeout};
  const auto taken = all_sent_ - net::unsent(stream_.fd());
  const auto verdict = uptake_.look(taken, nanoseconds{coarse_monotonic_ns()}, rate);
  if (verdict == Uptake::Verdict::fine) {
    if (!in_thread_) all_.takings().enter(deadline_);
    return;
  }
  slow_ = true;
  if (!in_thread_) complain_of_slowness();
  lose_client();
}

void StreamConnection::complain_of_slowness() noexcept {
  all_.engine().complain_of_slowness(origin_.name(), "takes what is written too slowly, or not at all");
}

void StreamConnection::expire(const DeadlineQueue& queue) noexcept {
  if (&queue == &all_.turns()) {
    auto expected = Stage::waiting;
    if (!stage_.compare_exchange_strong(expected, Stage::given_up, std::memory_order_acq_rel)) return;
    all_.engine().log().debug("{}: no turn within queue_timeout", origin_.name());
    process::increment(all_.engine().slot().refused);
    all_.engine().edges().remove(stream_.fd());
    stream_.close();
    return;  // whoever has it in a queue finishes it
  }
  if (&queue != &all_.takings()) return close();
  look_at_taking();
  if (gone_ && stage_.load(std::memory_order_relaxed) == Stage::over) leave();
}

void StreamConnection::stop_waiting() noexcept {
  if (in_thread_ || waiter(Direction::read).ready == nullptr || unread() > 0) return;
  wake(Direction::read);
}

void StreamConnection::give_up() noexcept { lose_client(); }

void StreamConnection::end() noexcept { finish(); }

void StreamConnection::refuse() noexcept {
  failed_ = true;
  finish();
}

void StreamConnection::finish() noexcept {
  auto& engine = all_.engine();
  const bool has_run = stage_.exchange(Stage::over, std::memory_order_acq_rel) == Stage::running;
  if (std::exchange(in_thread_, false) && slow_) complain_of_slowness();
  waiters_[0] = waiters_[1] = {};
  read_patience_.end();
  write_patience_.end();
  readable_.stop();
  if (deadline_.queue() != &all_.takings()) deadline_.clear();
  begin_ = end_;
  buffer_.release();
  be_heard();
  be_idle(true);
  if (has_run) process::increment(engine.slot().requests);
  engine.executor().completed(*this);
  leave();
}

/// What was written goes first.
void StreamConnection::leave() noexcept {
  if (!stream_ || gone_ || failed_) return close(failed_ || slow_);
  if (unsent() > 0 && !blocked_) send_some();
  if (gone_) return close(slow_);
  if (unsent() > 0) return await_taking();
  linger();
}

/// See Connection::linger().
void StreamConnection::linger() noexcept {
  if (input_ended_ || all_.engine().options().linger_timeout <= milliseconds::zero()) return close();
  if (!stream_.end_sending()) return close();
  stage_.store(Stage::lingering, std::memory_order_relaxed);
  all_.lingerings().enter(deadline_);
  readable_.start(stream_.fd(), ev::READ);
  discard_input();
}

void StreamConnection::discard_input() noexcept {
  const ssize_t size = take_input(all_.engine().read_buffer(), Engine::kReadBuffer);
  if (size == 0 || (size < 0 && !net::Stream::would_block())) close();
}

void StreamConnection::close(bool reset) noexcept {
  readable_.stop();
  writable_.stop();
  deadline_.clear();
  if (stream_ && reset) stream_.reset_on_close();
  if (stream_) all_.engine().edges().remove(stream_.fd());
  stream_.close();
  buffer_.release();
  be_heard();
  all_.bury(*this);
}

}  // namespace indrik::worker
