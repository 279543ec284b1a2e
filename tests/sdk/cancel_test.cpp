// Whatever a coroutine waits for, it may be told at that very moment that nobody wants it any more: nothing is used
// after it has gone, and nothing is lost.
#include <sys/eventfd.h>

#include <memory>
#include <random>

#include "base/fd.h"
#include "sdk/harness.h"

namespace indrik::test {
namespace {

class CancelTest : public SdkTest {
 protected:
  /// On the heap, so that a sanitizer sees whoever comes too late; counted.
  struct Guard {
    explicit Guard(CancelTest& t) : test{t} { ++test.alive; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      *value = 0;
      --test.alive;
    }
    CancelTest& test;
    std::unique_ptr<int> value = std::make_unique<int>(1);
  };

  /// One of everything that can be awaited, in an order that a number decides.
  Task<> work(std::uint32_t seed, int depth) {
    const Guard guard{*this};
    std::mt19937 dice{seed};
    for (int step = 0; step < 3; ++step) {
      co_await one_step(static_cast<std::uint32_t>(dice()), depth);
      *guard.value += 1;
    }
  }

  Task<> one_step(std::uint32_t seed, int depth) {
    const Guard guard{*this};
    const auto child = [this, depth, seed](std::uint32_t n) { return work(seed * 31 + n, depth - 1); };
    switch (seed % (depth > 0 ? 12 : 7)) {
      case 0: {
        const auto permit = co_await limit.async_acquire();
        co_await sleep_for(50us);
        break;
      }
      case 1:
        co_await channel.async_send(long_text);
        break;
      case 2:
        (void)co_await channel.async_receive();
        break;
      case 3:
        co_await offload([&guard] { *guard.value += 1; });
        break;
      case 4:
        (void)co_await wait_readable(never.get(), 200us);
        break;
      case 5: {
        const auto lease = co_await pool.async_take();
        co_await sleep_for(20us);
        break;
      }
      case 6:
        co_await sleep_for(100us);
        break;
      case 7:
        co_await when_all(child(1), child(2));
        break;
      case 8:
        (void)co_await when_any(child(1), child(2), child(3));
        break;
      case 9:
        co_await limited(child(1));
        break;
      case 10: {
        auto spawned = co_await spawn(child(1));
        co_await child(2);
        co_await spawned.join();
        break;
      }
      case 11: {
        const auto left = co_await spawn(child(1));
        co_await child(2);
        break;
      }
      default:
        break;
    }
    *guard.value += 1;
  }
  Task<> limited(Task<> task) {
    const Guard guard{*this};
    try {
      co_await with_timeout(150us, std::move(task));
    } catch (const TimedOut&) {
      *guard.value += 1;
    }
  }

  /// So many turns of the loop, then the end.
  void cancel_after(std::uint32_t seed, int turns_before) {
    auto state = std::make_shared<sdk::SpawnedState<void>>(work(seed, 3));
    state->start(context(), state);
    for (int i = 0; i < turns_before && !state->has_ended; ++i) turns.turn(100us);
    const bool was_cancelled = !state->has_ended;
    state->strand.scope().cancel();
    while (!state->has_ended) turns.turn(1s);
    EXPECT_EQ(alive, 0);
    if (was_cancelled) ++cancelled;
  }

  const std::string long_text = "a text that is too long for a string without memory of its own";
  int alive = 0;
  int cancelled = 0;
  const Fd never{::eventfd(0, EFD_CLOEXEC)};
  Semaphore limit{app, 1};
  Channel<std::string> channel{app, 2};
  Pool<int> pool{app,
                 {.size = 1, .idle = 1ms},
                 [] { return 1; },
                 []() -> Task<int> {
                   co_await sleep_for(10us);
                   co_return 1;
                 }};
};

TEST_F(CancelTest, IsSafeAtEveryTurn) {
  for (std::uint32_t seed = 0; seed < 40; ++seed)
    for (int turn = 0; turn < 15; ++turn) cancel_after(seed * 7919, turn);
  EXPECT_GT(cancelled, 200);
  // Nothing is lost: what was taken was given back.
  EXPECT_TRUE(limit.try_acquire());
  const auto task = [this]() -> Task<> { (void)co_await pool.async_take(); };
  run(task());
}

TEST_F(CancelTest, IsSafeForManyAtOnceThatAreCancelledNowAndThen) {
  std::mt19937 dice{4711};
  std::vector<std::shared_ptr<sdk::SpawnedState<void>>> running;
  for (int round = 0; round < 300; ++round) {
    auto state = std::make_shared<sdk::SpawnedState<void>>(work(static_cast<std::uint32_t>(dice()), 2));
    state->start(context(), state);
    running.push_back(std::move(state));
    if (dice() % 2 == 0) turns.turn(1ms);
    running[dice() % running.size()]->strand.scope().cancel();
  }
  for (const auto& state : running) state->strand.scope().cancel();
  while (scope.has_children()) turns.turn(1s);
  EXPECT_EQ(alive, 0);
  EXPECT_TRUE(limit.try_acquire());
}

}  // namespace
}  // namespace indrik::test
