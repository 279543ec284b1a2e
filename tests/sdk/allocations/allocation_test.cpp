// What waiting costs in memory: nothing, once there were as many coroutines at a time.
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <cstdlib>
#include <new>
#include <thread>

#include "base/fd.h"
#include "sdk/harness.h"

namespace {

constinit std::atomic<std::size_t> allocations{0};

}  // namespace

// Not inlined: GCC 12 warns of free() after
// operator new where it sees both.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const room = std::malloc(size)) return room;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* room) noexcept { std::free(room); }
[[gnu::noinline]] void operator delete(void* room, std::size_t) noexcept { std::free(room); }

namespace indrik::test {
namespace {

class AllocationTest : public SdkTest {
 protected:
  /// How many memory blocks one of many rounds takes, when all is warm.
  template <class Round>
  std::size_t blocks_of(Round round) {
    constexpr std::size_t kRounds = 200;
    std::size_t taken = 0;
    const auto measure = [&]() -> Task<> {
      for (std::size_t i = 0; i < kRounds; ++i) co_await round();
      const auto before = allocations.load();
      for (std::size_t i = 0; i < kRounds; ++i) co_await round();
      taken = allocations.load() - before;
    };
    run(measure());
    EXPECT_EQ(taken % kRounds, 0U);
    return taken / kRounds;
  }
};

Task<> nothing() { co_return; }
Task<> next_turn() { co_await sleep_for(1us); }

TEST_F(AllocationTest, AThreadsFirstTaskTakesAFrame) {
  std::thread{[] {
    const auto before = allocations.load();
    { const auto task = nothing(); }
    EXPECT_EQ(allocations.load() - before, 1U);
    { const auto task = nothing(); }
    EXPECT_EQ(allocations.load() - before, 1U);
  }}.join();
}

TEST_F(AllocationTest, AwaitingATaskTakesNothing) {
  EXPECT_EQ(blocks_of([] { return nothing(); }), 0U);
}

TEST_F(AllocationTest, SleepingTakesNothing) {
  EXPECT_EQ(blocks_of([] { return sleep_for(1us); }), 0U);
}

TEST_F(AllocationTest, WaitingForADescriptorTakesNothing) {
  const Fd ready{::eventfd(1, EFD_CLOEXEC)};
  const Fd never{::eventfd(0, EFD_CLOEXEC)};
  EXPECT_EQ(blocks_of([&] { return wait_readable(ready.get()); }), 0U);
  EXPECT_EQ(blocks_of([&] { return wait_readable(never.get(), 1us); }), 0U);
}

TEST_F(AllocationTest, WorkForAThreadTakesNothing) {
  std::barrier all_there{4};
  const auto start_thread = [&]() -> Task<> { co_await offload([&] { all_there.arrive_and_wait(); }); };
  const auto start_all = [&]() -> Task<> {
    co_await when_all(start_thread(), start_thread(), start_thread(), start_thread());
  };
  run(start_all());
  int count = 0;
  const auto job = [&count] { ++count; };
  EXPECT_EQ(blocks_of([&] { return offload(job); }), 0U);
  EXPECT_EQ(count, 400);
}

TEST_F(AllocationTest, WaitingForAPermitTakesNothing) {
  Semaphore limit{app, 0};
  const auto give = [&]() -> Task<> {
    while (true) {
      co_await sleep_for(1us);
      limit.release();
    }
  };
  const auto giver = app.spawn(give());
  EXPECT_EQ(blocks_of([&] { return limit.async_acquire(1h); }), 0U);
  giver.cancel();
  while (!giver.done()) turns.turn(1s);
}

TEST_F(AllocationTest, AChannelTakesNothing) {
  Channel<int> there{app, 1};
  Channel<int> back{app, 1};
  const auto answer = [&]() -> Task<> {
    while (const auto value = co_await there.async_receive()) co_await back.async_send(*value);
  };
  const auto answerer = app.spawn(answer());
  const auto ask = [&]() -> Task<> {
    co_await there.async_send(1);
    (void)co_await back.async_receive();
  };
  EXPECT_EQ(blocks_of(ask), 0U);
  there.close();
  while (!answerer.done()) turns.turn(1s);
}

TEST_F(AllocationTest, SeveralTasksAtOnceTakeNothing) {
  EXPECT_EQ(blocks_of([] { return when_all(nothing(), next_turn(), nothing()); }), 0U);
  EXPECT_EQ(blocks_of([] { return when_any(next_turn(), next_turn()); }), 0U);
  EXPECT_EQ(blocks_of([] { return with_timeout(1h, next_turn()); }), 0U);
}

TEST_F(AllocationTest, ASpawnedTaskTakesOneBlock) {
  const auto beside = []() -> Task<> {
    auto child = co_await spawn(next_turn());
    co_await child.join();
  };
  EXPECT_EQ(blocks_of(beside), 1U);  // what both hold
}

TEST_F(AllocationTest, AConnectionOfAPoolTakesNothing) {
  Pool<int> pool{app, {.size = 1}, [] { return 1; }};
  EXPECT_EQ(blocks_of([&] { return pool.async_take(); }), 0U);
  const auto before = allocations.load();
  for (int i = 0; i < 100; ++i) (void)pool.take();
  EXPECT_EQ(allocations.load(), before);
}

}  // namespace
}  // namespace indrik::test
