#pragma once

#include <chrono>
#include <cstdint>

#include <indrik/sdk/api.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// A century at most, which fits, and never less than what was asked for.
template <class Rep, class Period>
constexpr std::chrono::nanoseconds to_nanoseconds(std::chrono::duration<Rep, Period> time) noexcept {
  using std::chrono::nanoseconds;
  constexpr std::chrono::hours kCentury{876'000};
  return time < kCentury ? std::chrono::ceil<nanoseconds>(time) : nanoseconds{kCentury};
}

/// A timer of the loop's, in the memory of whoever waits. It must neither move nor go while it runs.
class Alarm {
 public:
  Alarm() = default;
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  void start(const Context& context, std::chrono::nanoseconds delay, void (*fired)(void* whom), void* whom) noexcept {
    const auto& api = *context.api;
    const auto ns = delay.count() > 0 ? static_cast<std::uint64_t>(delay.count()) : 0;
    is_loops_ = api.loop != nullptr && api.loop->start_timer(api.host, &timer_, ns, fired, whom) == INDRIK_OK;
    if (!is_loops_ && context.exchange != nullptr) api.async->start_timer(context.exchange, &timer_, ns, fired, whom);
  }
  void cancel(const Context& context) noexcept {
    const auto& api = *context.api;
    if (is_loops_)
      api.loop->cancel_timer(api.host, &timer_);
    else if (context.exchange != nullptr)
      api.async->cancel_timer(context.exchange, &timer_);
  }

 private:
  indrik_timer timer_{};
  bool is_loops_ = false;  ///< not the exchange's, as with hosts that have no other
};

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
