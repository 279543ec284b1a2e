#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "fiber/parking.h"
#include "unit/fiber/conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

class ConditionHookTest : public ConformanceTest {};

struct Pair {
  explicit Pair(clockid_t clock = CLOCK_REALTIME, int shared = PTHREAD_PROCESS_PRIVATE,
                int type = PTHREAD_MUTEX_ERRORCHECK) {
    pthread_condattr_t of_condition;
    ::pthread_condattr_init(&of_condition);
    ::pthread_condattr_setclock(&of_condition, clock);
    ::pthread_condattr_setpshared(&of_condition, shared);
    ::pthread_cond_init(&condition, &of_condition);
    ::pthread_condattr_destroy(&of_condition);
    pthread_mutexattr_t of_mutex;
    ::pthread_mutexattr_init(&of_mutex);
    ::pthread_mutexattr_settype(&of_mutex, type);
    ::pthread_mutex_init(&mutex, &of_mutex);
    ::pthread_mutexattr_destroy(&of_mutex);
  }
  ~Pair() {
    ::pthread_cond_destroy(&condition);
    ::pthread_mutex_destroy(&mutex);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  pthread_cond_t condition;
  pthread_mutex_t mutex;
};

TEST_F(ConditionHookTest, AnswersAsOutsideOfFibers) {
  expect_the_same([] {
    Pair pair;
    const timespec invalid{.tv_sec = 0, .tv_nsec = -1};
    const auto past = time_in(CLOCK_REALTIME, -1s);
    const auto soon = time_in(CLOCK_REALTIME, 20ms);
    const auto soon_monotonic = time_in(CLOCK_MONOTONIC, 20ms);
    ::pthread_mutex_lock(&pair.mutex);
    return Results{::pthread_cond_signal(&pair.condition), ::pthread_cond_broadcast(&pair.condition),
                   ::pthread_cond_timedwait(&pair.condition, &pair.mutex, &past),
                   ::pthread_cond_timedwait(&pair.condition, &pair.mutex, &soon),
                   ::pthread_cond_timedwait(&pair.condition, &pair.mutex, &invalid),
                   ::pthread_cond_clockwait(&pair.condition, &pair.mutex, CLOCK_MONOTONIC, &soon_monotonic),
                   ::pthread_cond_clockwait(&pair.condition, &pair.mutex, CLOCK_MONOTONIC, &invalid),
                   ::pthread_cond_clockwait(&pair.condition, &pair.mutex, CLOCK_THREAD_CPUTIME_ID, &soon),
                   ::pthread_mutex_unlock(&pair.mutex),
                   // Without the mutex an error-checking one is refused (and so nothing is waited for).
                   ::pthread_cond_wait(&pair.condition, &pair.mutex)};
  });
}

TEST_F(ConditionHookTest, MeasuresTheTimeByTheClockOfTheConditionVariable) {
  expect_the_same([] {
    Pair pair{CLOCK_MONOTONIC};
    const auto begin = Clock::now();
    const auto soon = time_in(CLOCK_MONOTONIC, 30ms);
    ::pthread_mutex_lock(&pair.mutex);
    const int result = ::pthread_cond_timedwait(&pair.condition, &pair.mutex, &soon);
    ::pthread_mutex_unlock(&pair.mutex);
    return Results{result, Clock::now() - begin >= 30ms};
  });
}

TEST_F(ConditionHookTest, HasTheMutexAgainAfterTheWait) {
  Pair pair;
  std::string order;
  start([&] {
    ::pthread_mutex_lock(&pair.mutex);
    order += "wait ";
    EXPECT_EQ(::pthread_cond_wait(&pair.condition, &pair.mutex), 0);
    order += "woken";
    EXPECT_EQ(::pthread_mutex_unlock(&pair.mutex), 0);
  });
  start([&] {
    EXPECT_EQ(::pthread_mutex_lock(&pair.mutex), 0);  // it is free while the other waits
    order += "signal ";
    EXPECT_EQ(::pthread_cond_signal(&pair.condition), 0);
    sleep_for(2ms);
    order += "unlock ";
    EXPECT_EQ(::pthread_mutex_unlock(&pair.mutex), 0);
  });
  finish();
  EXPECT_EQ(order, "wait signal unlock woken");
}

TEST_F(ConditionHookTest, GivesUpOneLevelOfARecursiveMutex) {
  Pair pair{CLOCK_REALTIME, PTHREAD_PROCESS_PRIVATE, PTHREAD_MUTEX_RECURSIVE};
  start([&] {
    ::pthread_mutex_lock(&pair.mutex);
    EXPECT_EQ(::pthread_cond_wait(&pair.condition, &pair.mutex), 0);
    EXPECT_EQ(::pthread_mutex_unlock(&pair.mutex), 0);
    EXPECT_EQ(::pthread_mutex_unlock(&pair.mutex), EPERM);
  });
  start([&] {
    ::pthread_mutex_lock(&pair.mutex);
    ::pthread_cond_signal(&pair.condition);
    ::pthread_mutex_unlock(&pair.mutex);
  });
  finish();
}

TEST_F(ConditionHookTest, WakesOneFiberBySignalAndAllByBroadcast) {
  std::mutex mutex;
  std::condition_variable changed;
  int woken = 0;
  for (int i = 0; i < 5; ++i)
    start([&] {
      std::unique_lock lock{mutex};
      changed.wait(lock);
      ++woken;
    });
  changed.notify_one();
  loop.run_until([&] { return woken == 1; });
  loop.run_ready();
  EXPECT_EQ(woken, 1);
  changed.notify_all();
  finish();
  EXPECT_EQ(woken, 5);
}

TEST_F(ConditionHookTest, IsSignalledByAThread) {
  std::mutex mutex;
  std::condition_variable changed;
  bool ready = false;
  start([&] {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return ready; });
  });
  std::thread signaller{[&] {
    {
      const std::lock_guard lock{mutex};
      ready = true;
    }
    changed.notify_one();
  }};
  finish();
  signaller.join();
}

TEST_F(ConditionHookTest, SignalsAThread) {
  std::mutex mutex;
  std::condition_variable changed;
  bool ready = false;
  std::thread waiter{[&] {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return ready; });
  }};
  in_fiber([&] {
    const std::lock_guard lock{mutex};
    ready = true;
    changed.notify_one();
  });
  waiter.join();
}

TEST_F(ConditionHookTest, IsWokenWithoutAReasonWhenOtherProcessesShareIt) {
  Pair pair{CLOCK_REALTIME, PTHREAD_PROCESS_SHARED};
  in_fiber([&] {
    ::pthread_mutex_lock(&pair.mutex);
    EXPECT_EQ(::pthread_cond_wait(&pair.condition, &pair.mutex), 0);
    const auto soon = time_in(CLOCK_REALTIME, 30ms);
    int result = 0;
    while ((result = ::pthread_cond_timedwait(&pair.condition, &pair.mutex, &soon)) == 0) {
    }
    EXPECT_EQ(result, ETIMEDOUT);
    ::pthread_mutex_unlock(&pair.mutex);
  });
}

TEST_F(ConditionHookTest, IsLeftByACancelledTaskWithTheMutex) {
  std::mutex mutex;
  std::condition_variable changed;
  bool left = false;
  Fiber* const waiter = start([&] {
    std::unique_lock lock{mutex};
    changed.wait(lock);
    EXPECT_FALSE(mutex.try_lock());
    left = true;
    const auto begin = Clock::now();
    changed.wait(lock);  // short, but it does not spin
    EXPECT_GE(Clock::now() - begin, kCancelledSleep);
  });
  cancel(*waiter);
  EXPECT_TRUE(left);
  finish();
}

TEST_F(ConditionHookTest, LosesNothingBetweenManyFibersAndThreads) {
  constexpr int kEach = 300;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<int> queue;
  int taken = 0;
  const auto give = [&] {
    for (int i = 0; i < kEach; ++i) {
      {
        const std::lock_guard lock{mutex};
        queue.push_back(i);
      }
      changed.notify_one();
      if (current() && i % 16 == 0) yield_turn();
    }
  };
  const auto take = [&] {
    for (int i = 0; i < kEach; ++i) {
      std::unique_lock lock{mutex};
      changed.wait(lock, [&] { return !queue.empty(); });
      queue.pop_front();
      ++taken;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back(give);
    threads.emplace_back(take);
  }
  for (int i = 0; i < 8; ++i) {
    start(give);
    start(take);
  }
  finish();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken, 10 * kEach);
}

}  // namespace
}  // namespace indrik::fiber
