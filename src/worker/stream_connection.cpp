#include "worker/stream_connection.h"

#include <algorithm>
#include <new>
#include <utility>

#include "worker/engine.h"

namespace indrik::worker {

StreamConnection::StreamConnection(Conversations& all, const StreamPoint& at, net::Stream stream, std::string peer)
    : all_{all},
      at_{at},
      handler_{*at.handler},
      stream_{std::move(stream)},
      origin_{std::move(peer)},
      readable_{all.engine().loop()},
      writable_{all.engine().loop()},
      deadline_{*this},
      read_patience_{all.engine().timers(), &StreamConnection::read_is_over, this},
      write_patience_{all.engine().timers(), &StreamConnection::write_is_over, this},
      buffer_{&all.buffers()} {
  readable_.set<StreamConnection, &StreamConnection::on_readable>(this);
  writable_.set<StreamConnection, &StreamConnection::on_writable>(this);
  read_patience_.set_limit(all.engine().options().stream_idle_timeout);
}

// --- the handler's side ---

StreamConnection::State StreamConnection::fill(std::size_t more_than, Wait wait) noexcept {
  if (unread() > more_than) return State::done;
  wanted_ = more_than;
  bool is_new = true;
  while (true) {
    if (const auto state = hindrance_to_read(std::exchange(is_new, false)); state != State::done) return state;
    if (unread() > more_than) return State::done;                                     // it came in the last moment
    if (unsent() > 0 && !blocked_) in_thread_ ? send_some() : all_.send_soon(*this);  // who is to say more waits for it
    if (gone_ || input_ended_) continue;
    if (begin_ == end_) buffer_.release();
    if (!in_thread_) await_input();
    if (wait == Wait::no) return State::would_block;
    this->wait(Direction::read);
    if (unread() > more_than) return State::done;
  }
}

/// done: none. `is_new`: it has not waited yet.
StreamConnection::State StreamConnection::hindrance_to_read(bool is_new) noexcept {
  if (gone_) return no_memory_ ? State::out_of_memory : State::client_gone;
  if (input_ended_) return State::ended;
  if (std::exchange(read_late_, false)) return State::timed_out;
  if (unread() > 0 || !all_.is_draining() || !(is_new || all_.grace_is_over())) return State::done;
  receive();  // what has come already is answered
  return unread() > 0 || gone_ || input_ended_ ? State::done : State::stopping;
}

StreamConnection::State StreamConnection::hindrance_to_write() noexcept {
  if (gone_) return no_memory_ ? State::out_of_memory : State::client_gone;
  return std::exchange(write_late_, false) ? State::timed_out : State::done;
}

StreamConnection::Transfer StreamConnection::write(std::string_view bytes, Wait wait) noexcept {
  std::size_t moved = 0;
  while (true) {
    if (const auto state = hindrance_to_write(); state != State::done) return {state, moved};
    const auto size = std::min(bytes.size() - moved, kBound - std::min(kBound, unsent()));
    try {
      if (out_.capacity() == 0 && !in_thread_) out_ = all_.engine().take_scratch();
      out_.append(bytes.substr(moved, size));
    } catch (const std::bad_alloc&) {
      return {State::out_of_memory, moved};
    }
    moved += size;
    if (moved == bytes.size()) return {State::done, moved};
    leave_turn_to_others();
    if (!blocked_) {
      send_some();
    } else if (wait == Wait::no) {
      write_goal_ = kBound / 2;
      return {moved > 0 ? State::done : State::would_block, moved};
    } else {
      write_goal_ = kBound / 2;
      this->wait(Direction::write);
    }
  }
}

StreamConnection::State StreamConnection::flush(Wait wait) noexcept {
  while (true) {
    if (const auto state = hindrance_to_write(); state != State::done) return state;
    if (unsent() > 0) leave_turn_to_others();
    if (unsent() > 0 && !blocked_) send_some();
    if (gone_) continue;
    if (unsent() == 0) return State::done;
    write_goal_ = 0;
    if (wait == Wait::no) return State::would_block;
    this->wait(Direction::write);
  }
}

bool StreamConnection::is_ready(Direction direction) const noexcept {
  if (gone_) return true;
  if (direction == Direction::write) return unsent() <= write_goal_ || write_late_;
  return unread() > wanted_ || input_ended_ || read_late_ || (unread() == 0 && all_.grace_is_over());
}

void StreamConnection::on_ready(Direction direction, void (*ready)(void* context), void* context) noexcept {
  waiter(direction) = {ready, context};
  if (ready != nullptr && is_ready(direction)) all_.wake_soon(*this);
}

void StreamConnection::set_timeout(Direction direction, nanoseconds timeout) noexcept {
  (direction == Direction::read ? read_patience_ : write_patience_).set_limit(timeout);
}

bool StreamConnection::is_stopping() const noexcept { return all_.is_draining(); }

void StreamConnection::fail(std::string_view reason) noexcept {
  failed_ = true;
  all_.engine().log().error("stream {} (plugin {}), {}: {}", handler_.name(), handler_.plugin(), origin_.name(),
                            reason.empty() ? "unknown failure" : reason);
}

void StreamConnection::wait(Direction direction) noexcept {
  if (direction == Direction::write && !in_thread_) write_patience_.begin();
  all_.engine().executor().wait(*this, direction);
}

/// On the loop: the socket is watched until something comes.
void StreamConnection::await_input() noexcept {
  if (!readable_.is_active()) readable_.start(stream_.fd(), ev::READ);
  read_patience_.begin();
  if (unread() == 0 && !holds_worker_) be_idle(true);
}

// --- the socket's side ---

/// As Stream::receive(). See Connection::take_input().
ssize_t StreamConnection::take_input(char* buffer, std::size_t capacity) noexcept {
  const ssize_t size = stream_.receive(buffer, capacity);
  if (in_thread_ || size == 0) return size;
  const bool is_full = size == static_cast<ssize_t>(capacity);
  if (is_full || all_.engine().edges().may_hold_more(stream_.fd())) look_again();
  return size;
}

/// See Connection::look_again().
void StreamConnection::look_again() noexcept {
  if (!readable_.is_active()) return;
  readable_.stop();
  readable_.start(stream_.fd(), ev::READ);
}

/// Takes what has come, or the end of it. False: nothing has changed.
bool StreamConnection::receive() noexcept {
  if (!buffer_.make_room(begin_, end_)) {
    no_memory_ = true;
    lose_client();
    return true;
  }
  const ssize_t size = take_input(end_, buffer_.room_behind(end_));
  if (size > 0) {
    end_ += size;
  } else if (size == 0) {
    input_ended_ = true;
  } else if (net::Stream::would_block()) {
    return false;
  } else {
    lose_client();
  }
  return true;
}

/// What a client that reads at once makes of a turn of the loop is bounded: its writer waits for the next.
void StreamConnection::leave_turn_to_others() noexcept {
  if (in_thread_ || blocked_ || sent_in_turn_ < kTurn) return;
  blocked_ = true;
  await_taking();
}

void StreamConnection::send_written() noexcept {
  if (unsent() > 0 && !blocked_ && !gone_) send_some();
}

/// Sends what was written, as far as the socket takes it.
void StreamConnection::send_some() noexcept {
  const ssize_t size = stream_.send(std::string_view{out_}.substr(sent_));
  if (size < 0 && !net::Stream::would_block()) return lose_client();
  const auto taken = size > 0 ? static_cast<std::size_t>(size) : 0;
  sent_ += taken;
  sent_in_turn_ += taken;
  all_sent_ += static_cast<std::int64_t>(taken);
  blocked_ = unsent() > 0;
  if (blocked_) {
    out_.erase(0, std::exchange(sent_, 0));
    return await_taking();
  }
  sent_ = 0;
  if (in_thread_) return out_.clear();
  writable_.stop();
  if (deadline_.queue() == &all_.takings()) deadline_.clear();
  all_.engine().give_back_scratch(std::exchange(out_, {}));
}

void StreamConnection::await_taking() noexcept {
  if (in_thread_) return;
  if (!writable_.is_active()) writable_.start(stream_.fd(), ev::WRITE);
  if (deadline_.queue() == &all_.takings()) return;
  uptake_.begin();
  all_.takings().enter(deadline_);
}

/// Nothing can reach the client any more. Its handler hears of it, where it waits or when it next does.
void StreamConnection::lose_client() noexcept {
  gone_ = true;
  out_ = {};
  sent_ = 0;
  if (in_thread_) return;
  readable_.stop();
  writable_.stop();
  deadline_.clear();
  all_.wake_soon(*this);
}

void StreamConnection::wake(Direction direction) noexcept {
  const auto woken = std::exchange(waiter(direction), {});
  if (woken.ready == nullptr) return;
  (direction == Direction::read ? read_patience_ : write_patience_).end();
  be_idle(false);
  if (!on_loop_) return woken.ready(woken.context);
  auto& turn = all_.engine().turn();
  mark(turn);
  woken.ready(woken.context);  // it may have ended, but is still there
  RunningMark::clear(turn);
}

void StreamConnection::deliver_wakes() noexcept {
  for (const auto direction : {Direction::read, Direction::write}) {
    if (waiter(direction).ready == nullptr || !is_ready(direction)) continue;
    if (waiter(Direction::write).ready != nullptr && direction == Direction::read) all_.wake_soon(*this);
    return wake(direction);  // the other one's turn comes after this one's
  }
}

void StreamConnection::on_readable(ev::io&, int) noexcept {
  if (auto* const preamble = origin_.pending()) return read_preamble(*preamble);
  if (stage_.load(std::memory_order_relaxed) == Stage::lingering) return discard_input();
  if (waiter(Direction::read).ready == nullptr) return readable_.stop();  // nobody asks: it stays in the socket
  sent_in_turn_ = 0;
  if (!receive()) return;
  if (input_ended_) readable_.stop();
  if (unread() > 0) be_heard();
  if (is_ready(Direction::read)) return wake(Direction::read);
  read_patience_.begin();
}

void StreamConnection::on_writable(ev::io&, int) noexcept {
  blocked_ = false;
  sent_in_turn_ = 0;
  if (stage_.load(std::memory_order_relaxed) == Stage::over) return leave();
  send_some();
  if (waiter(Direction::write).ready != nullptr && is_ready(Direction::write)) wake(Direction::write);
}

/// The loop may have been kept from reading: what has come in time counts.
void StreamConnection::read_is_over(void* context) noexcept {
  auto& self = *static_cast<StreamConnection*>(context);
  if (self.waiter(Direction::read).ready == nullptr) return;
  if (self.receive() && self.is_ready(Direction::read)) return self.wake(Direction::read);
  self.read_late_ = true;
  self.wake(Direction::read);
}

void StreamConnection::write_is_over(void* context) noexcept {
  auto& self = *static_cast<StreamConnection*>(context);
  if (self.waiter(Direction::write).ready == nullptr) return;
  self.write_late_ = true;
  self.wake(Direction::write);
}

}  // namespace indrik::worker
