#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <indrik/sdk/background.hpp>
#include <indrik/sdk/config.hpp>
#include <indrik/sdk/conversation.hpp>
#include <indrik/sdk/log.hpp>
#include <indrik/sdk/route.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

class App;
namespace sdk {
struct Hooks;
const Api& api_of(const App& app) noexcept;
}  // namespace sdk

/// `app.post("/upload", indrik::streamed_body, handler)`: see Request::read().
struct StreamedBody {};
inline constexpr StreamedBody streamed_body{};

/// One plugin at one place. Handlers may keep a reference to it: it lives longer than they do.
class App {
 public:
  explicit App(const indrik_host* host) noexcept : api_{host} {}
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  Config config() const noexcept { return Config{api_}; }
  Log log() const noexcept { return Log{api_.host}; }

  /// Adds a route: one handler, or a blocking one and an async one in either order. The pattern begins with '/';
  /// "{name}" stands for a segment, "{name...}" at the end for all the rest. Throws what the server has against it.
  /// Within the function given to INDRIK_PLUGIN only.
  template <class First, class Second = sdk::NoHandler>
  void route(std::string_view method, std::string_view pattern, First first, Second second = {}) {
    constexpr bool one = std::same_as<Second, sdk::NoHandler>;
    if constexpr (sdk::BlockingHandler<First> && (one || sdk::AsyncHandler<Second>)) {
      add(method, pattern, std::move(first), std::move(second));
    } else if constexpr (sdk::AsyncHandler<First> && (one || sdk::BlockingHandler<Second>)) {
      add(method, pattern, std::move(second), std::move(first));
    } else {
      constexpr bool known = is_handler<First> && (one || is_handler<Second>);
      static_assert(known,
                    "indrik: a handler takes a const indrik::Request& and returns an indrik::Response or an "
                    "indrik::Task<indrik::Response>, and its lambda is not mutable");
      static_assert(!known, "indrik: of two handlers of a route one is blocking and the other async");
    }
  }

  /// The same, but the handlers begin when a request's head has arrived, and read the body themselves.
  template <class First, class Second = sdk::NoHandler>
  void route(std::string_view method, std::string_view pattern, StreamedBody, First first, Second second = {}) {
    flags_ = INDRIK_ROUTE_STREAMS_BODY;
    route(method, pattern, std::move(first), std::move(second));
  }

  template <class... Handlers>
  void get(std::string_view pattern, Handlers... handlers) {
    route("GET", pattern, std::move(handlers)...);
  }
  template <class... Handlers>
  void post(std::string_view pattern, Handlers... handlers) {
    route("POST", pattern, std::move(handlers)...);
  }
  template <class... Handlers>
  void put(std::string_view pattern, Handlers... handlers) {
    route("PUT", pattern, std::move(handlers)...);
  }
  template <class... Handlers>
  void patch(std::string_view pattern, Handlers... handlers) {
    route("PATCH", pattern, std::move(handlers)...);
  }
  template <class... Handlers>
  void del(std::string_view pattern, Handlers... handlers) {
    route("DELETE", pattern, std::move(handlers)...);
  }

  /// Adds a stream: another protocol, on the addresses that the [[app]] table of the configuration has for it
  /// (`bind = ["127.0.0.1:7000"]`, or `bind = {echo = ["127.0.0.1:7000"]}` where the plugin has several). A handler
  /// serves one connection from its first byte to its last: a blocking one takes an indrik::Connection&, an async one
  /// an indrik::AsyncConnection& and returns an indrik::Task<>; one of either, or both in either order. Throws what the
  /// server has against it. Within the function given to INDRIK_PLUGIN only.
  template <class First, class Second = sdk::NoHandler>
  void stream(std::string_view name, First first, Second second = {}) {
    constexpr bool one = std::same_as<Second, sdk::NoHandler>;
    if constexpr (sdk::BlockingStream<First> && (one || sdk::AsyncStream<Second>)) {
      add_stream(name, std::move(first), std::move(second));
    } else if constexpr (sdk::AsyncStream<First> && (one || sdk::BlockingStream<Second>)) {
      add_stream(name, std::move(second), std::move(first));
    } else {
      static_assert(
          sdk::BlockingStream<First> && sdk::AsyncStream<First>,
          "indrik: a stream's handler takes an indrik::Connection& and returns nothing, or takes an "
          "indrik::AsyncConnection& and returns an indrik::Task<>; of two one is blocking and the other async");
    }
  }

  /// Runs in the worker before its first request, in the order added; may block. A coroutine, which returns a Task<>,
  /// is run to its end. What it throws refuses the plugin.
  template <class Hook>
  void on_start(Hook hook) {
    start_hooks_.push_back(to_hook(std::move(hook)));
  }
  /// Runs in the worker after its last request, in the reverse order, before what still runs of spawn() is cancelled;
  /// what it throws is logged.
  template <class Hook>
  void on_stop(Hook hook) {
    stop_hooks_.push_back(to_hook(std::move(hook)));
  }

  /// Runs a task for no request: from on_start() on, until it ends or the worker does, which cancels it after its
  /// on_stop() hooks have run and gives it two seconds to end. It begins soon, not within this call. What it throws is
  /// logged. From any thread. Throws std::logic_error where there is no loop yet.
  BackgroundTask spawn(Task<> task) {
    return BackgroundTask{background_.begin(sdk::logging_failure(&api_, std::move(task)))};
  }

 private:
  friend struct sdk::Hooks;
  friend const sdk::Api& sdk::api_of(const App& app) noexcept;

  template <class Hook>
  std::function<void()> to_hook(Hook hook) {
    if constexpr (std::is_same_v<std::invoke_result_t<Hook&>, Task<>>)
      return [this, hook = std::move(hook)] { background_.run(hook()); };
    else
      return hook;
  }

  template <class F>
  static constexpr bool is_handler = sdk::BlockingHandler<F> || sdk::AsyncHandler<F>;

  template <class Blocking, class Async>
  void add(std::string_view method, std::string_view pattern, Blocking blocking, Async async) {
    using Route = sdk::Route<Blocking, Async>;
    auto route = Route::to_abi_route(std::make_unique<Route>(api_, std::move(blocking), std::move(async)));
    route.method = sdk::to_abi(method);
    route.pattern = sdk::to_abi(pattern);
    route.flags = std::exchange(flags_, 0);
    char error[512] = "";
    if (api_.routes->add(api_.host, &route, error, sizeof error) != INDRIK_OK) throw std::runtime_error{error};
  }

  template <class Blocking, class Async>
  void add_stream(std::string_view name, Blocking blocking, Async async) {
    if (api_.connection == nullptr) throw std::runtime_error{"this server has no streams but HTTP's"};
    using Conversation = sdk::Conversation<Blocking, Async>;
    auto handler =
        Conversation::to_abi_handler(std::make_unique<Conversation>(api_, std::move(blocking), std::move(async)));
    handler.name = sdk::to_abi(name);
    char error[512] = "";
    if (api_.connection->add(api_.host, &handler, error, sizeof error) != INDRIK_OK) throw std::runtime_error{error};
  }

  sdk::Api api_;
  sdk::Background background_{api_};
  std::uint64_t flags_ = 0;  ///< of the route being added
  std::vector<std::function<void()>> start_hooks_;
  std::vector<std::function<void()>> stop_hooks_;
};

inline const sdk::Api& sdk::api_of(const App& app) noexcept { return app.api_; }

}  // namespace indrik
#pragma GCC visibility pop
