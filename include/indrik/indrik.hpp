/// The C++20 interface to Indrik: header-only, over the C interface of plugin.h; nothing but the standard library.
///
/// A plugin is one source file. This is a whole one:
///
/// @code{.cpp}
///   #include <indrik/indrik.hpp>
///   using namespace std::chrono_literals;
///
///   INDRIK_PLUGIN("example", "1.0", [](indrik::App& app) {
///     const auto greeting = app.config().get_or("greeting", "Hello");
///     const auto delay = app.config().get_or("delay", 10ms);  // "10ms", "2s", or a number of milliseconds
///
///     app.get("/hello/{name}", [=](const indrik::Request& request) {
///       return indrik::text(greeting + ", " + std::string{*request.param("name")} + "!\n");
///     });
///     app.get("/slow",
///             [=](const indrik::Request&) { std::this_thread::sleep_for(delay); return indrik::text("ok"); },
///             [=](const indrik::Request&) -> indrik::Task<indrik::Response> {
///               co_await indrik::sleep_for(delay);
///               co_return indrik::text("ok");
///             });
///     app.post("/notes", [&app](const indrik::Request& request) {
///       if (request.body().empty()) return indrik::status(400);
///       app.log().info("a note of {} bytes from {}", request.body().size(), request.peer());
///       return indrik::Response{201}.field("Location", "/notes/1").body(request.body());
///     });
///   });
/// @endcode
///
///   c++ -std=c++20 -shared -fPIC -Iinclude -o example.so example.cpp && indrik ./example.so
///
/// The function given to INDRIK_PLUGIN runs once in each worker, for each place where the plugin is mounted. What it
/// throws refuses the plugin: the server does not start and says what().
///
/// A handler takes a `const indrik::Request&` and returns an `indrik::Response` (blocking) or an
/// `indrik::Task<indrik::Response>` (async, a coroutine). A route has one of either, or one of each: the server then
/// takes the one that suits its worker class. Handlers and what they captured live as long as the instance. Blocking
/// handlers run on several threads at once in the worker class `event`; async ones always on the loop's thread.
/// What a handler throws becomes a 500; what() is logged with the request and not sent.
/// A body too large for memory is read, and an answer that is not known at once is written, piece by piece:
///
/// @code{.cpp}
///   app.post("/upload", indrik::streamed_body, [=](const indrik::Request& request) {
///     char room[16384];
///     for (std::size_t size; (size = request.read(room)) > 0;) store({room, size});
///     return indrik::status(204);
///   });
///   app.get("/ticks", [](const indrik::Request&) -> indrik::Task<indrik::Response> {
///     co_return indrik::events([](indrik::AsyncWriter& out) -> indrik::Task<> {
///       for (int tick = 1; tick <= 10; ++tick) {
///         const indrik::Event event{.data = std::to_string(tick)};
///         co_await out.send(event);
///         co_await indrik::sleep_for(1s);
///       }
///     });
///   });
/// @endcode
///
/// Another protocol than HTTP is a stream, on addresses of its own (`bind` in its [[app]] table):
///
/// @code{.cpp}
///   app.stream("echo", [](indrik::Connection& client) {
///     while (const auto line = client.read_until("\n", 4096)) client.write(*line);
///   });
/// @endcode
///
/// Coroutines can await more: docs/async.md is the tour.
/// A request has a deadline: request.deadline(), .extend(), .cancelled() and .client_gone() tell; see Cancelled.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <indrik/plugin.h>
#include <indrik/sdk/app.hpp>
#include <indrik/sdk/background.hpp>
#include <indrik/sdk/cancelled.hpp>
#include <indrik/sdk/channel.hpp>
#include <indrik/sdk/config.hpp>
#include <indrik/sdk/connection.hpp>
#include <indrik/sdk/entry.hpp>
#include <indrik/sdk/event.hpp>
#include <indrik/sdk/log.hpp>
#include <indrik/sdk/offload.hpp>
#include <indrik/sdk/pool.hpp>
#include <indrik/sdk/ready.hpp>
#include <indrik/sdk/request.hpp>
#include <indrik/sdk/response.hpp>
#include <indrik/sdk/semaphore.hpp>
#include <indrik/sdk/sleep.hpp>
#include <indrik/sdk/spawn.hpp>
#include <indrik/sdk/stream.hpp>
#include <indrik/sdk/task.hpp>
#include <indrik/sdk/timeout.hpp>
#include <indrik/sdk/when.hpp>
