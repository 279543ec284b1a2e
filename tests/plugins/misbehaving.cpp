// Every way in which a handler can go wrong, one path each; /fine shows that nobody else is harmed.
#include <indrik/indrik.hpp>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using indrik::Request;
using indrik::Response;
using indrik::Task;

std::atomic<bool> spinning{true};

void add_crashes(indrik::App& app) {
  app.get("/crash", [](const Request&) -> Response { std::abort(); });
  app.get("/segfault", [](const Request&) -> Response {
    *static_cast<volatile int*>(nullptr) = 1;
    return {};
  });
  app.get("/exit", [](const Request&) -> Response { std::_Exit(0); });
  app.get("/spin", [](const Request&) -> Response {
    while (spinning) {
    }
    return {};
  });
}

// Atomic, so that the compiler sees neither that one is null nor where the recursion ends.
std::atomic<void (*)()> nowhere{nullptr};
std::atomic<int> deepest{1 << 30};
std::atomic<void (*)(void*)> give_back{std::free};

/// Not turned into a loop: there is something to do after each call.
[[gnu::noinline]] int dig_deeper(int depth) {  // NOLINT(misc-no-recursion)
  volatile char earth[512] = {};
  earth[depth % 512] = 1;
  return depth == deepest ? 0 : dig_deeper(depth + 1) + earth[depth % 512];
}

/// Frames that would step over a guard of one page.
[[gnu::noinline]] int dig_in_large_steps(int depth) {  // NOLINT(misc-no-recursion)
  volatile char earth[48 * 1024];
  earth[0] = 1;
  return depth == deepest ? 0 : dig_in_large_steps(depth + 1) + earth[0];
}

[[gnu::noinline]] void call_nowhere() {
  nowhere.load()();
  spinning = true;
}

[[gnu::noinline]] void free_twice() {
  void* const memory = std::malloc(100);
  give_back.load()(memory);
  give_back.load()(memory);
}

/// Leaves 64 MiB more than there are now, and takes them all: std::bad_alloc.
[[gnu::noinline]] void exhaust_memory() {
  std::size_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages;
  const rlim_t limit = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (64U << 20U);
  const rlimit limits{limit, limit};
  setrlimit(RLIMIT_AS, &limits);
  std::vector<std::unique_ptr<char[]>> all;
  while (true) all.push_back(std::make_unique<char[]>(1U << 20U));
}

/// Keeps what it takes, and uses it.
[[gnu::noinline]] void leak_memory() {
  static std::vector<std::string> kept;
  kept.emplace_back(std::size_t{256} << 20U, 'x');
}

void add_more_crashes(indrik::App& app) {
  app.get("/exit-1", [](const Request&) -> Response { std::exit(1); });
  app.get("/recurse", [](const Request&) { return indrik::text(std::to_string(dig_deeper(0))); });
  app.get("/recurse-largely", [](const Request&) { return indrik::text(std::to_string(dig_in_large_steps(0))); });
  app.get("/null-call", [](const Request&) -> Response {
    call_nowhere();
    return {};
  });
  app.get("/free-twice", [](const Request&) -> Response {
    free_twice();
    return {};
  });
  app.get("/deadlock", [](const Request&) -> Response {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_mutex_lock(&mutex);
    return {};
  });
  app.get("/spin-async", [](const Request&) -> Task<Response> {
    while (spinning) {
    }
    co_return Response{};
  });
  app.get("/leak", [](const Request&) {
    leak_memory();
    return indrik::text("leaked");
  });
  app.get("/exhaust", [](const Request&) -> Response {
    exhaust_memory();
    return {};
  });
}

void add_failures(indrik::App& app) {
  app.get(
      "/throw", [](const Request&) -> Response { throw std::runtime_error{"on purpose"}; },
      [](const Request&) -> Task<Response> {
        co_await indrik::sleep_for(std::chrono::milliseconds{1});
        throw std::runtime_error{"on purpose, later"};
      });
  app.get(
      "/throw-int", [](const Request&) -> Response { throw 42; },
      [](const Request&) -> Task<Response> {
        throw 42;
        co_return Response{};
      });
  app.get("/throw-before-coroutine", [](const Request&) -> Task<Response> { throw std::runtime_error{"at once"}; });
  app.get("/bad-status", [](const Request&) { return Response{99}; });
  app.get("/split", [](const Request&) { return Response{}.field("X-Split", "a\r\nSet-Cookie: b"); });
  app.get("/reserved", [](const Request&) { return Response{}.field("Content-Length", "0").body("more"); });
}

}  // namespace

INDRIK_PLUGIN("misbehaving", "1.0", [](indrik::App& app) {
  app.get("/fine", [](const Request&) { return indrik::text("fine"); });
  add_crashes(app);
  add_more_crashes(app);
  add_failures(app);
});
