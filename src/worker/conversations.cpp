#include "worker/conversations.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "worker/engine.h"

namespace indrik::worker {
namespace {

void expired(Deadline& deadline, const DeadlineQueue& queue) { StreamConnection::of(deadline).expire(queue); }

}  // namespace

Conversations::Conversations(Engine& engine, std::span<const StreamAt> streams)
    : engine_{engine},
      takings_{engine.loop(), Uptake::look_interval(engine.options().write_timeout), expired},
      turns_{engine.loop(), engine.options().queue_timeout, expired},
      lingerings_{engine.loop(), engine.options().linger_timeout, expired},
      preambles_{engine.loop(), engine.options().first_byte_timeout, expired},
      grace_{engine.loop()},
      stop_event_{streams.empty() ? -1 : ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  grace_.set<Conversations, &Conversations::on_grace_over>(this);
  for (const auto& [listener, handler] : streams)
    points_.push_back({listener, handler, fmt::format("stream {} (plugin {})", handler->name(), handler->plugin())});
}

Conversations::~Conversations() = default;

const StreamPoint* Conversations::point_at(int listener) const noexcept {
  const auto found = std::ranges::find(points_, listener, &StreamPoint::listener);
  return found == points_.end() ? nullptr : &*found;
}

StreamConnection& Conversations::add(const StreamPoint& at, net::Stream stream, std::string peer) {
  auto& added = open_.emplace_front(*this, at, std::move(stream), std::move(peer));
  added.place = open_.begin();
  return added;
}

void Conversations::drain() noexcept {
  draining_.store(true, std::memory_order_relaxed);
  const auto& options = engine_.options();
  if (options.drain_idle > milliseconds::zero())
    lingerings_.set_duration(std::min(options.linger_timeout, options.drain_idle));
  grace_.start(to_tstamp(options.drain_idle));
}

void Conversations::on_grace_over(ev::timer&, int) noexcept {
  grace_over_.store(true, std::memory_order_relaxed);
  const std::uint64_t one = 1;
  if (stop_event_) (void)!::write(stop_event_.get(), &one, sizeof one);
  for (auto at = open_.begin(); at != open_.end();) (at++)->stop_waiting();  // it may leave the list
}

void Conversations::wake_soon(StreamConnection& connection) noexcept {
  if (std::exchange(connection.wake_pending, true)) return;
  woken_.push_back(&connection);
}

void Conversations::deliver_wakes() noexcept {
  send();
  while (!woken_.empty()) {
    auto& connection = *woken_.back();
    woken_.pop_back();
    connection.wake_pending = false;
    connection.deliver_wakes();
    if (woken_.empty()) send();
  }
}

void Conversations::send_soon(StreamConnection& connection) noexcept {
  if (!std::exchange(connection.send_pending, true)) senders_.push_back(&connection);
  if (engine_.is_turn_long()) send();
}

/// Those who cannot be reached any more are woken.
void Conversations::send() noexcept {
  for (auto* const connection : senders_) {
    connection->send_pending = false;
    connection->send_written();
  }
  senders_.clear();
}

void Conversations::bury(StreamConnection& connection) noexcept {
  if (std::exchange(connection.wake_pending, false)) std::erase(woken_, &connection);
  if (std::exchange(connection.send_pending, false)) std::erase(senders_, &connection);
  buried_.splice(buried_.begin(), open_, connection.place);
  engine_.count_connections();
}

bool Conversations::free_buried() noexcept {
  if (buried_.empty()) return false;
  buried_.clear();
  return true;
}

}  // namespace indrik::worker
