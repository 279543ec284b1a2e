// Handlers that keep their worker's loop from everybody else, each in a function with a name; /fine and /sleep do not.
#include <indrik/indrik.hpp>

#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>

namespace {

using indrik::Request;
using indrik::Response;
using indrik::Task;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLong{300};

[[gnu::noinline]] std::uint64_t burn_for_a_while() {
  std::uint64_t work = 1;
  for (const auto until = steady_clock::now() + kLong; steady_clock::now() < until;)
    for (int i = 0; i < 1000; ++i) work = work * 6364136223846793005U + 1442695040888963407U;
  return work;
}

/// Behind the hooks' back.
[[gnu::noinline]] void block_behind_the_back() {
  for (const auto until = steady_clock::now() + kLong; steady_clock::now() < until;) {
    const timespec time{.tv_sec = 0, .tv_nsec = 100'000'000};
    syscall(SYS_nanosleep, &time, nullptr);
  }
}

std::mutex& the_mutex() {
  static std::mutex mutex;
  return mutex;
}

[[gnu::noinline]] void sleep_with_a_mutex() {
  const std::lock_guard lock{the_mutex()};
  std::this_thread::sleep_for(std::chrono::milliseconds{1});  // any wait will do: it is no stall
}

/// Until its client leaves.
[[gnu::noinline]] void wait_for_long() { std::this_thread::sleep_for(std::chrono::hours{1}); }

void add_well_behaved(indrik::App& app) {
  app.get("/fine", [](const Request&) { return indrik::text("fine"); });
  app.get(
      "/sleep",
      [](const Request&) {
        std::this_thread::sleep_for(kLong);
        return indrik::text("slept");
      },
      [](const Request&) -> Task<Response> {
        co_await indrik::sleep_for(kLong);
        co_return indrik::text("slept");
      });
  app.get("/wait", [](const Request&) {
    wait_for_long();
    return indrik::text("waited");
  });
  app.get("/lock", [](const Request&) {
    const std::lock_guard lock{the_mutex()};
    return indrik::text("locked");
  });
}

}  // namespace

INDRIK_PLUGIN("staller", "1.0", [](indrik::App& app) {
  add_well_behaved(app);
  app.get(
      "/burn", [](const Request&) { return indrik::text(std::to_string(burn_for_a_while() & 1)); },
      [](const Request&) -> Task<Response> { co_return indrik::text(std::to_string(burn_for_a_while() & 1)); });
  app.get("/burn-later", [](const Request&) -> Task<Response> {
    co_await indrik::sleep_for(std::chrono::milliseconds{1});
    co_return indrik::text(std::to_string(burn_for_a_while() & 1));
  });
  app.get("/raw", [](const Request&) {
    block_behind_the_back();
    return indrik::text("done");
  });
  app.get("/hold", [](const Request&) {
    sleep_with_a_mutex();
    return indrik::text("done");
  });
});
