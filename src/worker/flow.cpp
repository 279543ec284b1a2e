#include "worker/flow.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/no_park.h"
#include "fiber/fiber.h"
#include "http/response_writer.h"
#include "worker/engine.h"

namespace indrik::worker {

Flow::State Flow::hindrance() const noexcept {
  if (cancelled_) return State::cancelled;
  return gone_ ? State::client_gone : State::moved;
}

Flow::Transfer Flow::read_whole(std::span<char> room) noexcept {
  const auto size = std::min(room.size(), whole_.size());
  std::copy_n(whole_.begin(), size, room.begin());
  whole_.remove_prefix(size);
  return {size > 0 || room.empty() ? State::moved : State::ended, size};
}

Flow::Transfer Flow::read(std::span<char> room, Wait wait) noexcept {
  std::unique_lock lock{mutex_};
  if (body_ == Body::whole) return read_whole(room);
  while (true) {
    const auto here = in_.size() - in_read_;
    if (here > 0 || room.empty()) {
      const auto size = std::min(room.size(), here);
      std::copy_n(in_.begin() + static_cast<std::ptrdiff_t>(in_read_), size, room.begin());
      in_read_ += size;
      if (in_read_ == in_.size()) {
        in_.clear();
        in_read_ = 0;
        if (body_ == Body::open) tell_connection(lock);
      }
      exchange_.renew();
      return {State::moved, size};
    }
    if (const auto hindered = hindrance(); hindered != State::moved) return {hindered};
    if (body_ != Body::open) return {body_ == Body::ended ? State::ended : State::cut_short};
    if (!std::exchange(wants_body_, true)) {
      tell_connection(lock);
      continue;  // there may be some at once
    }
    if (wait == Wait::no) return {State::would_block};
    if (!this->wait(lock)) return {State::wrong_phase};
  }
}

Flow::Transfer Flow::write(std::string_view bytes, Wait wait) noexcept {
  std::unique_lock lock{mutex_};
  if (!exchange_.failure.empty()) return {State::wrong_phase};
  if (!http::sends_body(exchange_.request, exchange_.response)) return write_head_only(bytes, lock);
  const auto declared = exchange_.response.declared_length();
  const auto allowed = declared ? *declared - written_ : bytes.size();
  const bool fits = bytes.size() <= allowed;
  if (!fits) bytes = bytes.substr(0, static_cast<std::size_t>(allowed));
  too_long_ = too_long_ || !fits;
  std::size_t moved = 0;
  while (true) {
    if (const auto hindered = hindrance(); hindered != State::moved) return {hindered, moved};
    if (begun_ && moved == bytes.size()) return {fits ? State::moved : State::too_long, moved};
    const auto size = std::min(bytes.size() - moved, kBound - std::min(kBound, out_.size()));
    if (size > 0 || !begun_) {
      try {
        out_.append(bytes.substr(moved, size));
      } catch (const std::bad_alloc&) {
        return {State::out_of_memory, moved};
      }
      moved += size;
      written_ += size;
      begun_ = true;
      exchange_.renew();
      tell_connection(lock);
    } else if (wait == Wait::no) {
      return {moved > 0 ? State::moved : State::would_block, moved};
    } else if (!this->wait(lock)) {
      return {State::wrong_phase, moved};
    }
  }
}

/// HEAD and the like have all they asked for: a handler that goes on writing is told that nobody reads.
Flow::Transfer Flow::write_head_only(std::string_view bytes, std::unique_lock<std::mutex>& lock) noexcept {
  if (const auto hindered = hindrance(); hindered != State::moved) return {hindered};
  if (!std::exchange(begun_, true)) tell_connection(lock);
  return {bytes.empty() ? State::moved : State::client_gone};
}

Flow::State Flow::inform(std::string_view field_lines) noexcept {
  std::unique_lock lock{mutex_};
  if (const auto hindered = hindrance(); hindered != State::moved) return hindered;
  if (begun_ || !exchange_.failure.empty()) return State::wrong_phase;
  try {
    hints_.append(field_lines).append("\r\n");
  } catch (const std::bad_alloc&) {
    return State::out_of_memory;
  }
  tell_connection(lock);
  return State::moved;
}

bool Flow::begun() const noexcept {
  const std::lock_guard lock{mutex_};
  return begun_;
}

bool Flow::is_ready(Direction direction) const noexcept {
  if (hindrance() != State::moved) return true;
  if (direction == Direction::write) return out_.size() < kBound;
  return body_ != Body::open || in_.size() > in_read_;
}

void Flow::on_ready(Direction direction, void (*ready)(void* context), void* context) noexcept {
  const std::lock_guard lock{mutex_};
  watches_[static_cast<std::size_t>(direction)] = {ready, context};
  if (ready != nullptr && is_ready(direction)) exchange_.wake_soon();
}

/// False: an async handler, which must not wait.
bool Flow::wait(std::unique_lock<std::mutex>& lock) noexcept {
  if (!exchange_.may_wait()) return false;
  exchange_.executor().wait(exchange_, *this, lock);
  return true;
}

void Flow::wait_in_fiber(std::unique_lock<std::mutex>& lock) noexcept {
  parked_ = fiber::current();
  lock.unlock();
  fiber::park();
  lock.lock();
}

/// The connection takes what it can before this returns, if it is on this thread.
void Flow::tell_connection(std::unique_lock<std::mutex>& lock) noexcept {
  const NoPark no_park;  // the connection is the loop's
  lock.unlock();
  exchange_.executor().flow_changed(exchange_);
  lock.lock();
}

/// Whoever waits, and where: called with the lock held, by the loop.
void Flow::wake() noexcept {
  changed_.notify_one();
  if (parked_ != nullptr || watches_[0].ready != nullptr || watches_[1].ready != nullptr) exchange_.wake_soon();
}

void Flow::deliver_wakes() noexcept {
  std::unique_lock lock{mutex_};
  Watch ready;
  for (auto& watch : watches_) {
    const bool is_read = &watch == &watches_[static_cast<std::size_t>(Direction::read)];
    if (watch.ready == nullptr || !is_ready(is_read ? Direction::read : Direction::write)) continue;
    if (ready.ready == nullptr)
      ready = std::exchange(watch, {});
    else
      exchange_.wake_soon();  // that one's turn comes after this one's
  }
  auto* const parked = std::exchange(parked_, nullptr);
  lock.unlock();
  // After either this may be gone. Only an async handler has watches, only a blocking one is parked.
  if (parked != nullptr) return fiber::resume(*parked);
  if (ready.ready != nullptr) ready.ready(ready.context);
}

bool Flow::takes_body() const noexcept {
  const std::lock_guard lock{mutex_};
  return body_ == Body::open;
}

bool Flow::has_room() const noexcept {
  const std::lock_guard lock{mutex_};
  return in_.size() - in_read_ < kBound;
}

bool Flow::awaits_body() const noexcept {
  const std::lock_guard lock{mutex_};
  return body_ == Body::open && wants_body_ && in_.size() == in_read_;
}

bool Flow::wants_body() const noexcept {
  const std::lock_guard lock{mutex_};
  return wants_body_;
}

bool Flow::body_failed() const noexcept {
  const std::lock_guard lock{mutex_};
  return body_ == Body::failed;
}

void Flow::push(std::string_view piece) {
  const std::lock_guard lock{mutex_};
  if (in_read_ > 0) {
    in_.erase(0, in_read_);
    in_read_ = 0;
  }
  in_.append(piece);
  wake();
}

void Flow::close_body(Body how) noexcept {
  const std::lock_guard lock{mutex_};
  body_ = how;
  wake();
}

Flow::Outgoing Flow::take() {
  const std::lock_guard lock{mutex_};
  Outgoing out{.hints = std::exchange(hints_, {}), .bytes = std::exchange(out_, {}), .begun = begun_};
  if (!out.bytes.empty()) wake();
  return out;
}

std::uint64_t Flow::written() const noexcept {
  const std::lock_guard lock{mutex_};
  return written_;
}

bool Flow::too_long() const noexcept {
  const std::lock_guard lock{mutex_};
  return too_long_;
}

void Flow::lose_client() noexcept {
  const std::lock_guard lock{mutex_};
  gone_ = true;
  wake();
}

void Flow::cancel() noexcept {
  const std::lock_guard lock{mutex_};
  cancelled_ = true;
  wake();
}

}  // namespace indrik::worker
