// A switch, and calls that need not wait, in a fiber and off one, beside libc's own.
#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/socket.h>

#include <cstdlib>

#include "base/fd.h"
#include "fiber/fiber.h"

namespace {

using namespace indrik;
using benchmark::State;

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

/// Runs it on the loop's stack...
template <class Body>
void off_a_fiber(State& state, Body body) {
  body(state);
}

/// ...or in a fiber, from its first to its last iteration.
template <class Body>
void in_a_fiber(State& state, Body body) {
  NoLoop loop;
  fiber::FiberPool pool{256 * 1024, {loop, loop, loop}};
  struct Job {
    State& state;
    Body& body;
  } job{state, body};
  const auto run = [](void* context) noexcept {
    auto& [of, what] = *static_cast<Job*>(context);
    what(of);
  };
  if (!pool.start({.run = run, .done = [](void*) noexcept {}, .context = &job})) state.SkipWithError("no fiber");
}

/// A byte that is there and stays there.
auto receiving(decltype(::recv)* function) {
  return [function](State& state) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return state.SkipWithError("socketpair");
    const Fd ours{pair[0]};
    const Fd theirs{pair[1]};
    if (::send(theirs.get(), "x", 1, 0) != 1) return state.SkipWithError("send");
    char byte = 0;
    for (auto _ : state)
      if (function(ours.get(), &byte, 1, MSG_PEEK) != 1) return state.SkipWithError("recv");
  };
}

/// A mutex that nobody else has.
auto locking(decltype(::pthread_mutex_lock)* lock, decltype(::pthread_mutex_unlock)* unlock) {
  return [lock, unlock](State& state) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    for (auto _ : state)
      if (lock(&mutex) != 0 || unlock(&mutex) != 0) return state.SkipWithError("mutex");
  };
}

void recv_off_a_fiber(State& state) { off_a_fiber(state, receiving(&::recv)); }
void recv_in_a_fiber(State& state) { in_a_fiber(state, receiving(&::recv)); }
void recv_of_libc(State& state) { off_a_fiber(state, receiving(libc<decltype(::recv)>("recv"))); }
BENCHMARK(recv_of_libc)->Name("fiber/recv of libc");
BENCHMARK(recv_off_a_fiber)->Name("fiber/recv off a fiber");
BENCHMARK(recv_in_a_fiber)->Name("fiber/recv in a fiber");

void mutex_off_a_fiber(State& state) { off_a_fiber(state, locking(&::pthread_mutex_lock, &::pthread_mutex_unlock)); }
void mutex_in_a_fiber(State& state) { in_a_fiber(state, locking(&::pthread_mutex_lock, &::pthread_mutex_unlock)); }
void mutex_of_libc(State& state) {
  off_a_fiber(state, locking(libc<decltype(::pthread_mutex_lock)>("pthread_mutex_lock"),
                             libc<decltype(::pthread_mutex_unlock)>("pthread_mutex_unlock")));
}
BENCHMARK(mutex_of_libc)->Name("fiber/mutex of libc");
BENCHMARK(mutex_off_a_fiber)->Name("fiber/mutex off a fiber");
BENCHMARK(mutex_in_a_fiber)->Name("fiber/mutex in a fiber");

void resumed_and_parked(State& state) {
  NoLoop loop;
  fiber::FiberPool pool{256 * 1024, {loop, loop, loop}};
  struct Parked {
    fiber::Fiber* fiber = nullptr;
    bool ends = false;
  } parked;
  const auto run = [](void* context) noexcept {
    auto& self = *static_cast<Parked*>(context);
    self.fiber = fiber::current();
    while (!self.ends) fiber::park();
  };
  if (!pool.start({.run = run, .done = [](void*) noexcept {}, .context = &parked})) state.SkipWithError("no fiber");
  for (auto _ : state) fiber::resume(*parked.fiber);
  parked.ends = true;
  fiber::resume(*parked.fiber);
}
BENCHMARK(resumed_and_parked)->Name("fiber/resumed and parked: two switches");

void begun_and_ended(State& state) {
  NoLoop loop;
  fiber::FiberPool pool{256 * 1024, {loop, loop, loop}};
  const auto nothing = [](void*) noexcept {};
  for (auto _ : state)
    if (!pool.start({.run = nothing, .done = nothing, .context = nullptr})) return state.SkipWithError("no fiber");
}
BENCHMARK(begun_and_ended)->Name("fiber/a task begun and ended");

}  // namespace
