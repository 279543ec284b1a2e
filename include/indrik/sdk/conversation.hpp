#pragma once

#include <concepts>
#include <coroutine>
#include <memory>
#include <utility>

#include <indrik/sdk/connection.hpp>
#include <indrik/sdk/scope.hpp>
#include <indrik/sdk/task.hpp>
#include <indrik/sdk/thrown.hpp>

#pragma GCC visibility push(hidden)
namespace indrik::sdk {

/// Handlers are shared by all connections: what is called is const.
template <class F>
concept BlockingStream = requires(const F& handler, Connection& connection) {
  { handler(connection) } -> std::same_as<void>;
};
template <class F>
concept AsyncStream = requires(const F& handler, AsyncConnection& connection) {
  { handler(connection) } -> std::same_as<Task<>>;
};

/// Within a catch block: the connection is over for this reason. A client that went, or was too slow, is none to log.
inline void end_for_what_was_thrown(const Api& api, indrik_connection* connection) {
  try {
    throw;
  } catch (const ClientGone&) {
  } catch (const TimedOut&) {
  } catch (...) {
    api.connection->fail(connection, to_abi(what_was_thrown()));
  }
}

/// The outermost coroutine of a conversation. It runs at once, frees its frame when it ends and then ends the
/// conversation, so that nothing of it is left when the host goes on.
struct Conversing {
  struct promise_type : PromiseBase {
    template <class Async>
    promise_type(const Async&, const Api& served, indrik_connection* with) noexcept : api{served}, connection{with} {
      context = {&served, nullptr, &scope};
    }
    Scope scope;

    struct End {
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<promise_type> done) const noexcept {
        const auto* const interface = done.promise().api.connection;
        auto* const with = done.promise().connection;
        done.destroy();  // this awaiter is part of it
        interface->end(with);
      }
      void await_resume() const noexcept {}
    };

    Conversing get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    End final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() { throw; }  // a forced unwinding: all else is caught in converse()

    const Api& api;
    indrik_connection* connection;
  };
};

// GCC warns that the coroutine's frame is less hidden than what stands in it; no name of it is exported.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wattributes"
/// `async` lives as long as its stream; the connection's C++ side lives in this coroutine's frame.
template <class Async>
Conversing converse(const Async& async, const Api& api, indrik_connection* connection) {
  try {
    AsyncConnection client{api, connection};
    co_await async(client);
  } catch (...) {
    end_for_what_was_thrown(api, connection);
  }
  co_await ChildrenEnd{};
}
#pragma GCC diagnostic pop

/// A stream's handlers, kept by the host as its user data.
template <class Blocking, class Async>
class Conversation {
 public:
  Conversation(const Api& api, Blocking blocking, Async async)
      : api_{api}, blocking_{std::move(blocking)}, async_{std::move(async)} {}

  /// The stream as the host takes it: it owns what user_data points to.
  static indrik_stream_handler to_abi_handler(std::unique_ptr<Conversation> conversation) noexcept {
    indrik_stream_handler out{};
    out.struct_size = sizeof out;
    if constexpr (BlockingStream<Blocking>) out.serve = &Conversation::serve;
    if constexpr (AsyncStream<Async>) out.start = &Conversation::start;
    out.user_data = conversation.release();
    out.free_user_data = [](void* user_data) { std::unique_ptr<Conversation>{static_cast<Conversation*>(user_data)}; };
    return out;
  }

 private:
  static std::int32_t serve(void* user_data, indrik_connection* connection) {
    const auto& self = *static_cast<const Conversation*>(user_data);
    try {
      Connection client{self.api_, connection};
      self.blocking_(client);
    } catch (...) {
      end_for_what_was_thrown(self.api_, connection);
    }
    return INDRIK_OK;
  }

  static std::int32_t start(void* user_data, indrik_connection* connection) {
    const auto& self = *static_cast<const Conversation*>(user_data);
    try {
      converse(self.async_, self.api_, connection);
      return INDRIK_OK;
    } catch (...) {  // no memory for the coroutine: it never began
      return INDRIK_E_NO_MEMORY;
    }
  }

  const Api& api_;
  [[no_unique_address]] Blocking blocking_;
  [[no_unique_address]] Async async_;
};

}  // namespace indrik::sdk
#pragma GCC visibility pop
