#include "worker/accept_gate.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/clock.h"

namespace indrik::worker {
namespace {

/// A request follows its connection within this, or nothing is expected of it any more.
constexpr std::int64_t kExpectation = nanoseconds{milliseconds{10}}.count();
/// An idle worker beats once a second: this one has missed two.
constexpr std::int64_t kSilent = nanoseconds{milliseconds{2'500}}.count();

/// How many connections more than a sibling's are no matter: a thirty-second, so that the fullest of many stays well
/// within a tenth of the emptiest, and of few so many that nothing is passed on for it.
std::uint32_t with_margin(std::uint32_t connections) noexcept { return connections + connections / 32 + 8; }

/// The one with the fewest connections of those it was shown.
struct Emptiest {
  std::optional<std::size_t> number;
  std::uint32_t connections = std::numeric_limits<std::uint32_t>::max();

  void look_at(std::size_t candidate, std::uint32_t its) noexcept {
    if (its < connections) *this = {candidate, its};
  }
};

struct Siblings {
  bool any = false;  ///< whether or not they can take a connection now
  Emptiest idle;
  Emptiest emptiest;  ///< idle or not
};

Siblings look_at_siblings(std::span<const process::Slot> all, std::size_t own, std::int64_t now_ns) noexcept {
  Siblings siblings;
  const auto generation = all[own].generation.load(std::memory_order_relaxed);
  for (std::size_t number = 0; number < all.size(); ++number) {
    const auto& slot = all[number];
    if (number == own || slot.state.load(std::memory_order_relaxed) != process::WorkerState::ready) continue;
    if (slot.generation.load(std::memory_order_relaxed) != generation) continue;
    siblings.any = true;
    if (!slot.takes_connections.load(std::memory_order_relaxed)) continue;
    if (now_ns - slot.heartbeat_ns.load(std::memory_order_relaxed) > kSilent) continue;
    const auto connections = slot.connections.load(std::memory_order_relaxed);
    siblings.emptiest.look_at(number, connections);
    if (!is_busy(slot, now_ns)) siblings.idle.look_at(number, connections);
  }
  return siblings;
}

}  // namespace

bool is_busy(const process::Slot& slot, std::int64_t now_ns) noexcept {
  if (slot.in_flight.load(std::memory_order_relaxed) > 0) return true;
  if (slot.expected.load(std::memory_order_relaxed) == 0) return false;
  return now_ns - slot.accepted_ns.load(std::memory_order_relaxed) < kExpectation;
}

Judgement judge(std::span<const process::Slot> all, std::size_t own, std::int64_t now_ns, bool one_at_a_time) noexcept {
  const auto siblings = look_at_siblings(all, own, now_ns);
  const auto connections = all[own].connections.load(std::memory_order_relaxed);
  const auto prefer = [&](const Emptiest& other) -> Judgement {
    if (!other.number || connections <= with_margin(other.connections)) return {};
    return {Verdict::pass, *other.number};
  };
  if (!is_busy(all[own], now_ns)) return prefer(siblings.idle);
  if (siblings.idle.number) return {Verdict::pass, *siblings.idle.number};
  const bool runs = all[own].in_flight.load(std::memory_order_relaxed) > 0;
  if (one_at_a_time && runs) return {siblings.any ? Verdict::wait : Verdict::take};
  return prefer(siblings.emptiest);
}

}  // namespace indrik::worker
