#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/timers.h"
#include "http/cancel_watch.h"
#include "http/request.h"
#include "http/response.h"
#include "http/streaming.h"
#include "http/tls.h"

namespace indrik::http {

/// One request being answered: what a handler gets. The engine owns it; it lives until the answer is complete.
class Exchange {
 public:
  Request request;
  Response response;

  /// Async handlers only: the answer in `response` is final. Exactly once, on the loop's thread, from inside
  /// Handler::start() or later; the exchange is gone when it returns.
  virtual void complete() noexcept = 0;
  /// The loop's timers, for async handlers.
  virtual Timers& timers() noexcept = 0;

  /// When the client will have waited for too long. It then gets 504 and the exchange is cancelled: nobody waits for
  /// its answer any more, but the handler still ends as usual. max(): never. Any thread.
  virtual TimePoint deadline() const noexcept = 0;
  enum class Extension : std::uint8_t { granted, at_bound, too_late };
  /// Moves the deadline to `from_now`, no further than the bound (at_bound) and never nearer. Whoever runs the handler.
  virtual Extension extend(nanoseconds from_now) noexcept = 0;
  /// The deadline has passed. Any thread.
  virtual bool cancelled() const noexcept = 0;
  /// The client has closed its connection, or the half of it in which it sends: the two look alike. Whoever runs the
  /// handler.
  virtual bool client_gone() const noexcept = 0;
  /// How the connection is secured; none: it is not. Whoever runs the handler.
  virtual std::optional<Tls> tls() const noexcept { return std::nullopt; }
  /// The bodies piece by piece; made at the first call. Throws std::bad_alloc. Whoever runs the handler.
  virtual Streaming& streaming() = 0;
  /// Its answer's status and fields are on their way: too late to change them. Whoever runs the handler.
  virtual bool answer_begun() const noexcept = 0;
  /// For async handlers: who waits for something and must hear that the exchange is cancelled. Loop thread.
  CancelList cancel_watches;

  /// Says that the handler failed: the client gets 500 and the engine logs `reason` with the request. The answer so
  /// far is dropped; one that has begun is cut, so that the client can tell. Any thread that runs the handler; the
  /// handler still ends (returns or completes) as usual.
  void fail(std::string_view reason) {
    failure.assign(reason.empty() ? std::string_view{"unknown failure"} : reason);
    if (!answer_begun()) response.set_plain(500, "Internal Server Error\n");
  }
  std::string failure;  ///< empty: none

 protected:
  ~Exchange() = default;
};

/// What answers requests: a route of a plugin, or a lambda in a test. Shared by all requests of one worker.
class Handler {
 public:
  enum class Flavours : std::uint8_t { blocking = 1, async = 2, both = 3 };

  /// Who answers, for logs and the scoreboard.
  Handler(std::string plugin, std::string route)
      : plugin_{std::move(plugin)},
        route_{std::move(route)},
        place_{" (route " + route_ + ", plugin " + plugin_ + ")"} {}
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;

  virtual Flavours flavours() const noexcept = 0;

  /// Blocking flavour: returns when the answer in exchange.response is final. Called on whatever thread or fiber the
  /// worker class gives it, never twice at once for one exchange. Must not call complete().
  virtual void handle(Exchange& exchange) noexcept = 0;
  /// Async flavour: returns soon; exchange.complete() is called in it or later. Loop thread.
  virtual void start(Exchange& exchange) noexcept = 0;

  /// Wants a request as soon as its head is there and reads the body itself. Otherwise it gets the body whole.
  virtual bool streams_body() const noexcept { return false; }

  bool can_block() const noexcept { return (static_cast<unsigned>(flavours()) & 1U) != 0; }
  bool can_be_async() const noexcept { return (static_cast<unsigned>(flavours()) & 2U) != 0; }
  std::string_view plugin() const noexcept { return plugin_; }
  std::string_view route() const noexcept { return route_; }
  /// " (route /health, plugin health)": what stands behind a request in a sentence about it.
  std::string_view place() const noexcept { return place_; }

 private:
  std::string plugin_;
  std::string route_;
  std::string place_;
};

}  // namespace indrik::http
