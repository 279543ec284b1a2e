#include <algorithm>
#include <limits>

#include "plugin/interfaces.h"

namespace indrik::plugin {
namespace {

// A plugin's indrik_timer is the room of one of the loop's timers; both begin as zeros.
static_assert(sizeof(TimerRoom) <= sizeof(indrik_timer) && alignof(TimerRoom) <= alignof(indrik_timer));

TimerRoom& room_of(indrik_timer* timer) noexcept { return *reinterpret_cast<TimerRoom*>(timer); }

void complete(indrik_exchange* exchange) noexcept { exchange_of(exchange).complete(); }

std::int32_t start_timer(indrik_exchange* exchange, indrik_timer* timer, std::uint64_t delay_ns,
                         void (*fired)(void* context), void* context) noexcept {
  if (timer == nullptr || fired == nullptr) return INDRIK_E_INVALID;
  constexpr std::uint64_t kLongest = std::numeric_limits<std::int64_t>::max();
  const nanoseconds delay{static_cast<std::int64_t>(std::min(delay_ns, kLongest))};
  // C has no noexcept to say it with; that fired() does not throw is in its contract.
  const auto silent = reinterpret_cast<void (*)(void*) noexcept>(fired);
  exchange_of(exchange).timers().start(room_of(timer), delay, silent, context);
  return INDRIK_OK;
}

void cancel_timer(indrik_exchange* exchange, indrik_timer* timer) noexcept {
  if (timer != nullptr) exchange_of(exchange).timers().cancel(room_of(timer));
}

}  // namespace

constinit const indrik_async kAsync{.struct_size = sizeof(indrik_async),
                                    .complete = complete,
                                    .start_timer = start_timer,
                                    .cancel_timer = cancel_timer};

}  // namespace indrik::plugin
