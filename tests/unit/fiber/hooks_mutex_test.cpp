#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <mutex>
#include <string>
#include <thread>

#include "fiber/lock_queue.h"
#include "unit/fiber/conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

/// A mutex of some type, held by nobody when it ends.
class TypedMutex {
 public:
  explicit TypedMutex(int type, int robust = PTHREAD_MUTEX_STALLED) {
    pthread_mutexattr_t attributes;
    ::pthread_mutexattr_init(&attributes);
    ::pthread_mutexattr_settype(&attributes, type);
    ::pthread_mutexattr_setrobust(&attributes, robust);
    ::pthread_mutex_init(&mutex_, &attributes);
    ::pthread_mutexattr_destroy(&attributes);
  }
  ~TypedMutex() { EXPECT_EQ(::pthread_mutex_destroy(&mutex_), 0); }
  TypedMutex(const TypedMutex&) = delete;
  TypedMutex& operator=(const TypedMutex&) = delete;
  pthread_mutex_t* get() { return &mutex_; }

 private:
  pthread_mutex_t mutex_;
};

class MutexHookTest : public ConformanceTest {};

TEST_F(MutexHookTest, ErrorCheckingMutexesAnswerAsOutsideOfFibers) {
  expect_the_same([] {
    TypedMutex mutex{PTHREAD_MUTEX_ERRORCHECK};
    auto* const m = mutex.get();
    const auto soon = time_in(CLOCK_REALTIME, 10s);
    const auto soon_monotonic = time_in(CLOCK_MONOTONIC, 10s);
    return Results{::pthread_mutex_unlock(m),
                   ::pthread_mutex_lock(m),
                   ::pthread_mutex_lock(m),
                   ::pthread_mutex_trylock(m),
                   ::pthread_mutex_timedlock(m, &soon),
                   ::pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &soon_monotonic),
                   ::pthread_mutex_unlock(m),
                   ::pthread_mutex_unlock(m)};
  });
}

TEST_F(MutexHookTest, RecursiveMutexesCountTheirLevelsAsOutsideOfFibers) {
  expect_the_same([] {
    TypedMutex mutex{PTHREAD_MUTEX_RECURSIVE};
    auto* const m = mutex.get();
    const auto past = time_in(CLOCK_REALTIME, -1s);
    return Results{::pthread_mutex_unlock(m),           ::pthread_mutex_lock(m),
                   ::pthread_mutex_trylock(m),          ::pthread_mutex_lock(m),
                   ::pthread_mutex_timedlock(m, &past), ::pthread_mutex_clocklock(m, CLOCK_REALTIME, &past),
                   ::pthread_mutex_unlock(m),           ::pthread_mutex_unlock(m),
                   ::pthread_mutex_unlock(m),           ::pthread_mutex_unlock(m),
                   ::pthread_mutex_unlock(m),           ::pthread_mutex_unlock(m)};
  });
}

/// What the calls answer while a thread holds the mutex.
std::vector<long> calls_on_held_mutex(int type) {
  TypedMutex mutex{type};
  auto* const m = mutex.get();
  std::promise<void> held;
  std::promise<void> release;
  std::thread holder{[&] {
    ::pthread_mutex_lock(m);
    held.set_value();
    release.get_future().wait();
    ::pthread_mutex_unlock(m);
  }};
  held.get_future().wait();
  const auto soon = time_in(CLOCK_REALTIME, 20ms);
  const auto soon_monotonic = time_in(CLOCK_MONOTONIC, 20ms);
  const auto past = time_in(CLOCK_REALTIME, -1s);
  const timespec invalid{.tv_sec = 0, .tv_nsec = 1'000'000'000};
  std::vector<long> results{::pthread_mutex_trylock(m),
                            ::pthread_mutex_timedlock(m, &past),
                            ::pthread_mutex_timedlock(m, &soon),
                            ::pthread_mutex_timedlock(m, &invalid),
                            ::pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &soon_monotonic),
                            ::pthread_mutex_clocklock(m, CLOCK_PROCESS_CPUTIME_ID, &soon_monotonic),
                            ::pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &invalid)};
  if (type == PTHREAD_MUTEX_RECURSIVE || type == PTHREAD_MUTEX_ERRORCHECK) results.push_back(::pthread_mutex_unlock(m));
  release.set_value();
  results.push_back(::pthread_mutex_lock(m));
  results.push_back(::pthread_mutex_unlock(m));
  holder.join();
  return results;
}

TEST_F(MutexHookTest, AnswersAsOutsideOfFibersWhileAThreadHoldsIt) {
  for (const int type :
       {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP}) {
    SCOPED_TRACE(type);
    expect_the_same([type] { return calls_on_held_mutex(type); });
  }
}

TEST_F(MutexHookTest, SaysThatTheOwnerOfARobustMutexDied) {
  expect_the_same([] {
    TypedMutex mutex{PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST};
    std::thread{[&] { ::pthread_mutex_lock(mutex.get()); }}.join();
    return Results{::pthread_mutex_lock(mutex.get()), ::pthread_mutex_consistent(mutex.get()),
                   ::pthread_mutex_unlock(mutex.get()), ::pthread_mutex_lock(mutex.get()),
                   ::pthread_mutex_unlock(mutex.get())};
  });
}

class EveryMutexTest : public MutexHookTest, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Type, EveryMutexTest,
                         testing::Values(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
                                         PTHREAD_MUTEX_ADAPTIVE_NP),
                         [](const auto& given) { return "Type" + std::to_string(given.param); });

TEST_P(EveryMutexTest, AdmitsOneFiberAtATimeInTheOrderTheyCame) {
  TypedMutex mutex{GetParam()};
  std::string order;
  for (const char name : {'a', 'b', 'c'})
    start([&, name] {
      ASSERT_EQ(::pthread_mutex_lock(mutex.get()), 0);
      order += name;
      sleep_for(2ms);
      order += name;
      ASSERT_EQ(::pthread_mutex_unlock(mutex.get()), 0);
    });
  finish();
  EXPECT_EQ(order, "aabbcc");
}

TEST_P(EveryMutexTest, IsNotTakenAgainBeforeThoseThatWait) {
  TypedMutex mutex{GetParam()};
  std::string order;
  start([&] {
    for (int i = 0; i < 3; ++i) {
      ::pthread_mutex_lock(mutex.get());
      order += 'a';
      sleep_for(1ms);
      ::pthread_mutex_unlock(mutex.get());
    }
  });
  start([&] {
    ::pthread_mutex_lock(mutex.get());
    order += 'b';
    ::pthread_mutex_unlock(mutex.get());
  });
  finish();
  EXPECT_EQ(order, "abaa");
}

TEST_P(EveryMutexTest, IsBusyForTheOtherFibersOfItsThread) {
  TypedMutex mutex{GetParam()};
  start([&] {
    ::pthread_mutex_lock(mutex.get());
    sleep_for(60ms);
    ::pthread_mutex_unlock(mutex.get());
  });
  in_fiber([&] {
    const auto soon = time_in(CLOCK_REALTIME, 5ms);
    const auto soon_monotonic = time_in(CLOCK_MONOTONIC, 5ms);
    EXPECT_EQ(::pthread_mutex_trylock(mutex.get()), EBUSY);
    EXPECT_EQ(::pthread_mutex_timedlock(mutex.get(), &soon), ETIMEDOUT);
    EXPECT_EQ(::pthread_mutex_clocklock(mutex.get(), CLOCK_MONOTONIC, &soon_monotonic), ETIMEDOUT);
    if (GetParam() == PTHREAD_MUTEX_RECURSIVE || GetParam() == PTHREAD_MUTEX_ERRORCHECK) {
      EXPECT_EQ(::pthread_mutex_unlock(mutex.get()), EPERM);
    }
  });
}

TEST_P(EveryMutexTest, CountsWhatAFiberHolds) {
  TypedMutex mutex{GetParam()};
  in_fiber([&] {
    EXPECT_EQ(locks_held(), 0);
    ::pthread_mutex_lock(mutex.get());
    EXPECT_EQ(locks_held(), 1);
    ::pthread_mutex_trylock(mutex.get());
    EXPECT_EQ(locks_held(), GetParam() == PTHREAD_MUTEX_RECURSIVE ? 2 : 1);
    while (locks_held() > 0) ASSERT_EQ(::pthread_mutex_unlock(mutex.get()), 0);
  });
}

TEST_F(MutexHookTest, WaitsOnInACancelledTask) {
  std::mutex mutex;
  bool inside = false;
  start([&] {
    mutex.lock();
    sleep_for(30ms);
    EXPECT_FALSE(inside);
    mutex.unlock();
  });
  Fiber* const waiter = start([&] {
    const std::lock_guard lock{mutex};
    inside = true;
  });
  cancel(*waiter);
  EXPECT_FALSE(inside);
  finish();
  EXPECT_TRUE(inside);
}

TEST_F(MutexHookTest, EndsATimedWaitOfACancelledTask) {
  std::timed_mutex mutex;
  start([&] {
    const std::lock_guard lock{mutex};
    sleep_for(50ms);
  });
  bool locked = true;
  Fiber* const waiter = start([&] { locked = mutex.try_lock_for(1h); });
  cancel(*waiter);
  EXPECT_FALSE(locked);
  finish();
}

TEST_F(MutexHookTest, KeepsTheLoopGoingWhileAThreadHoldsIt) {
  std::mutex mutex;
  std::atomic<bool> release = false;
  std::promise<void> held;
  std::thread holder{[&] {
    const std::lock_guard lock{mutex};
    held.set_value();
    release.wait(false);
  }};
  held.get_future().wait();
  start([&] { const std::lock_guard lock{mutex}; });
  start([&] {
    sleep_for(5ms);  // the loop turns
    release = true;
    release.notify_one();
  });
  finish();
  holder.join();
}

TEST_F(MutexHookTest, IsHeldByOneOfManyFibersAndThreads) {
  constexpr int kEach = 300;
  std::mutex mutex;
  std::atomic<int> inside = 0;
  long count = 0;
  const auto work = [&](bool pause) {
    for (int i = 0; i < kEach; ++i) {
      const std::lock_guard lock{mutex};
      EXPECT_EQ(inside.fetch_add(1), 0);
      ++count;
      if (pause && i % 64 == 0) yield_turn();
      inside.fetch_sub(1);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back([&] { work(false); });
  for (int i = 0; i < 20; ++i) start([&] { work(true); });
  finish();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count, 22 * kEach);
}

}  // namespace
}  // namespace indrik::fiber
