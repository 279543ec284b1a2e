#include "plugin/interfaces.h"

namespace indrik::plugin {
namespace {

// A plugin's indrik_cancel_watch is one of ours; both begin as zeros.
static_assert(sizeof(http::CancelWatch) <= sizeof(indrik_cancel_watch) &&
              alignof(http::CancelWatch) <= alignof(indrik_cancel_watch));

http::CancelWatch& watch_of(indrik_cancel_watch* watch) noexcept {
  return *reinterpret_cast<http::CancelWatch*>(watch);
}

std::int64_t get(const indrik_exchange* exchange) noexcept {
  const auto deadline = exchange_of(exchange).deadline();
  if (deadline == TimePoint::max()) return INDRIK_NO_DEADLINE;
  return std::chrono::duration_cast<nanoseconds>(deadline.time_since_epoch()).count();
}

std::int32_t extend(indrik_exchange* exchange, std::int64_t from_now_ns) noexcept {
  using Extension = http::Exchange::Extension;
  if (from_now_ns < 0) return INDRIK_E_INVALID;
  switch (exchange_of(exchange).extend(nanoseconds{from_now_ns})) {
    case Extension::granted:
      return INDRIK_OK;
    case Extension::at_bound:
      return INDRIK_E_OUT_OF_RANGE;
    case Extension::too_late:
      break;
  }
  return INDRIK_E_WRONG_PHASE;
}

std::int32_t cancelled(const indrik_exchange* exchange) noexcept { return exchange_of(exchange).cancelled() ? 1 : 0; }

std::int32_t client_gone(const indrik_exchange* exchange) noexcept {
  return exchange_of(exchange).client_gone() ? 1 : 0;
}

std::int32_t on_cancel(indrik_exchange* handle, indrik_cancel_watch* room, void (*fired)(void* context),
                       void* context) noexcept {
  if (room == nullptr || fired == nullptr) return INDRIK_E_INVALID;
  auto& exchange = exchange_of(handle);
  if (exchange.cancelled()) return INDRIK_E_WRONG_PHASE;
  auto& watch = watch_of(room);
  // C has no noexcept to say it with; that fired() does not throw is in its contract.
  watch.fired = reinterpret_cast<void (*)(void*) noexcept>(fired);
  watch.context = context;
  exchange.cancel_watches.add(watch);
  return INDRIK_OK;
}

void forget(indrik_cancel_watch* watch) noexcept {
  if (watch != nullptr) watch_of(watch).leave();
}

}  // namespace

constinit const indrik_deadline kDeadline{.struct_size = sizeof(indrik_deadline),
                                          .get = get,
                                          .extend = extend,
                                          .cancelled = cancelled,
                                          .client_gone = client_gone,
                                          .on_cancel = on_cancel,
                                          .forget = forget};

}  // namespace indrik::plugin
