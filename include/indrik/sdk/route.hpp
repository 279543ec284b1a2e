#pragma once

#include <concepts>
#include <coroutine>
#include <memory>
#include <utility>

#include <indrik/sdk/request.hpp>
#include <indrik/sdk/response.hpp>
#include <indrik/sdk/task.hpp>
#include <indrik/sdk/thrown.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// Handlers are shared by all requests: what is called is const.
template <class F>
concept BlockingHandler = requires(const F& handler, const Request& request) {
  { handler(request) } -> std::same_as<Response>;
};
template <class F>
concept AsyncHandler = requires(const F& handler, const Request& request) {
  { handler(request) } -> std::same_as<Task<Response>>;
};
/// The flavour that a route does not have.
struct NoHandler {};

/// The outermost coroutine of a request. It runs at once, frees its frame when it ends and then completes the exchange,
/// so that nothing of the request is left when the host goes on.
struct Serving {
  struct promise_type : PromiseBase {
    template <class Async>
    promise_type(const Async&, const Context& served) noexcept : scope{served} {
      context = served;
      context.scope = &scope;
    }
    RequestScope scope;

    struct Complete {
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<promise_type> done) const noexcept {
        const Context served = done.promise().context;
        done.destroy();  // this awaiter is part of it: only `served` is left
        served.api->async->complete(served.exchange);
      }
      void await_resume() const noexcept {}
    };

    Serving get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    Complete final_suspend() const noexcept { return {}; }
    void unhandled_exception() { throw; }  // a forced unwinding: all else is caught in serve()
  };
};

/// Apart from serve(), whose frame stays small without it. What it writes with lives in this one.
inline Task<> write_async_stream(Context context, const Stream& stream) {
  if (!stream.async) throw std::runtime_error{"a blocking stream in the answer of an async handler"};
  AsyncWriter out{context};
  co_await out.write({});  // the head goes at once
  co_await stream.async(out);
}

// GCC warns that the coroutine's frame is less hidden than what stands in it; no name of it is exported.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wattributes"
/// `async` lives as long as its route; the request lives in this coroutine's frame, which outlives the handler's.
template <class Async>
Serving serve(const Async& async, Context context) {
  try {
    const Request request{context};
    const auto task = async(request);
    const Response& response = co_await InPlace{task};
    send(context, response);
    if (const auto* const stream = stream_in(response)) co_await write_async_stream(context, *stream);
  } catch (...) {
    fail_for_what_was_thrown(context);
  }
  co_await ChildrenEnd{};
}
#pragma GCC diagnostic pop

/// A route's handlers, kept by the host as its user data.
template <class Blocking, class Async>
class Route {
 public:
  Route(const Api& api, Blocking blocking, Async async)
      : api_{&api}, blocking_{std::move(blocking)}, async_{std::move(async)} {}

  /// The route as the host takes it: it owns what user_data points to.
  static indrik_route to_abi_route(std::unique_ptr<Route> route) noexcept {
    indrik_route out{};
    out.struct_size = sizeof out;
    if constexpr (BlockingHandler<Blocking>) out.handle = &Route::handle;
    if constexpr (AsyncHandler<Async>) out.start = &Route::start;
    out.user_data = route.release();
    out.free_user_data = [](void* user_data) { std::unique_ptr<Route>{static_cast<Route*>(user_data)}; };
    return out;
  }

 private:
  static std::int32_t handle(void* user_data, indrik_exchange* exchange) {
    const auto& self = *static_cast<const Route*>(user_data);
    const Context context{self.api_, exchange};
    try {
      const Request request{context};
      const Response response = self.blocking_(request);
      send(context, response);
      if (const auto* const stream = stream_in(response)) write_stream(context, *stream);
    } catch (...) {
      fail_for_what_was_thrown(context);
    }
    return INDRIK_OK;
  }

  static std::int32_t start(void* user_data, indrik_exchange* exchange) {
    const auto& self = *static_cast<const Route*>(user_data);
    const Context context{self.api_, exchange};
    try {
      serve(self.async_, context);
      return INDRIK_OK;
    } catch (...) {  // no memory for the coroutine: it never began
      fail_for_what_was_thrown(context);
      return INDRIK_E_NO_MEMORY;
    }
  }

  static void write_stream(const Context& context, const Stream& stream) {
    if (!stream.blocking) throw std::runtime_error{"an async stream in the answer of a blocking handler"};
    Writer out{context};
    out.write({});  // the head goes at once
    stream.blocking(out);
  }

  const Api* api_;
  [[no_unique_address]] Blocking blocking_;
  [[no_unique_address]] Async async_;
};

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
