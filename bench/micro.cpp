// What fibers and hooks cost by themselves: a switch, a hooked recv(2) that need not wait, in a fiber and off one,
// beside libc's own, and a mutex that nobody else has. Of each the best of many rounds, taken in turns, in nanoseconds.
//
//   cmake --build --preset release --target bench_micro && build/release/bench_micro [ROUNDS]      2000
#include <dlfcn.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <vector>

#include "fiber/fiber.h"
#include "fiber/hooks.h"

namespace {

using namespace indrik;

/// Nothing of what is measured waits.
struct NoLoop final : Timers, Watches, Offloads {
  void start(TimerRoom&, nanoseconds, void (*)(void*) noexcept, void*) noexcept override { std::abort(); }
  void cancel(TimerRoom&) noexcept override {}
  void start(WatchRoom&, int, short, void (*)(void*, short) noexcept, void*) noexcept override { std::abort(); }
  void cancel(WatchRoom&) noexcept override {}
  bool submit(OffloadJob&) noexcept override { std::abort(); }
};

template <class Function>
Function* libc(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

constexpr int kCalls = 2000;

struct Measured {
  const char* what;
  std::function<void()> call_often;  ///< kCalls times
  double best_ns = std::numeric_limits<double>::max();
};

void run_round(std::vector<Measured>& all) {
  for (auto& one : all) {
    const auto begun = std::chrono::steady_clock::now();
    one.call_often();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;
    one.best_ns = std::min(one.best_ns, took.count() / kCalls);
  }
}

template <class Call>
Measured repeated(const char* what, Call call) {
  return {what, [call] {
            for (int i = 0; i < kCalls; ++i) call();
          }};
}

/// Starts a task in the pool's fiber that runs until it parks or ends.
void in_fiber(fiber::FiberPool& pool, void (*run)(void*) noexcept, void* context) {
  if (!pool.start({.run = run, .done = [](void*) noexcept {}, .context = context})) std::abort();
}

}  // namespace

int main(int count, char** words) {
  const int rounds = count > 1 ? std::atoi(words[1]) : 2000;
  std::printf("%zu hooked calls; best of %d rounds of %d calls each\n", fiber::hooked_symbols().size(), rounds, kCalls);
  NoLoop loop;
  fiber::FiberPool pool{256 * 1024, {loop, loop, loop}};

  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || ::send(pair[1], "x", 1, 0) != 1) return 1;
  const auto receive = [fd = pair[0]](auto* function) {
    char byte = 0;
    if (function(fd, &byte, 1, MSG_PEEK) != 1) std::abort();
  };
  auto* const real_recv = libc<decltype(::recv)>("recv");
  auto* const real_lock = libc<decltype(::pthread_mutex_lock)>("pthread_mutex_lock");
  auto* const real_unlock = libc<decltype(::pthread_mutex_unlock)>("pthread_mutex_unlock");
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  const auto lock_once = [&mutex](auto* lock, auto* unlock) {
    if (lock(&mutex) != 0 || unlock(&mutex) != 0) std::abort();
  };

  const auto calls = [&](const char* recv_what, const char* lock_what) {
    return std::vector<Measured>{repeated(recv_what, [=] { receive(&::recv); }), repeated(lock_what, [=] {
                                   lock_once(&::pthread_mutex_lock, &::pthread_mutex_unlock);
                                 })};
  };
  auto outside = calls("recv, off a fiber", "mutex, locked and unlocked, off a fiber");
  outside.push_back(repeated("recv, libc's own", [=] { receive(real_recv); }));
  outside.push_back(repeated("mutex, locked and unlocked, libc's own", [=] { lock_once(real_lock, real_unlock); }));
  auto inside = calls("recv, in a fiber", "mutex, locked and unlocked, in a fiber");

  static fiber::Fiber* switched = nullptr;
  in_fiber(
      pool,
      [](void*) noexcept {
        switched = fiber::current();
        for (;;) fiber::park();
      },
      nullptr);
  outside.push_back(repeated("fiber, resumed and parked: two switches", [] { fiber::resume(*switched); }));

  for (int round = 0; round < rounds; ++round) {
    run_round(outside);
    in_fiber(
        pool, [](void* all) noexcept { run_round(*static_cast<std::vector<Measured>*>(all)); }, &inside);
  }
  outside.insert(outside.end(), inside.begin(), inside.end());
  for (const auto& one : outside) std::printf("%8.1f ns  %s\n", one.best_ns, one.what);
  const auto named = [&](const char* what) {
    return std::find_if(outside.begin(), outside.end(), [&](const auto& one) { return one.what == std::string{what}; })
        ->best_ns;
  };
  std::printf("a hooked recv off a fiber costs %.1f ns more than libc's\n",
              named("recv, off a fiber") - named("recv, libc's own"));
  std::fflush(stdout);
  std::_Exit(0);  // a fiber is still parked: it has nothing to end for
}
