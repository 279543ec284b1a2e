#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <latch>
#include <semaphore>
#include <string>
#include <thread>

#include "fiber/parking.h"
#include "unit/fiber/conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

class ThreadHookTest : public ConformanceTest {};

pthread_t thread_that(void* (*routine)(void*), void* argument) {
  pthread_t thread{};
  EXPECT_EQ(::pthread_create(&thread, nullptr, routine, argument), 0);
  return thread;
}

TEST_F(ThreadHookTest, JoinsAsOutsideOfFibers) {
  expect_the_same([] {
    std::atomic<bool> go = false;
    const auto waits = [](void* flag) -> void* {
      static_cast<std::atomic<bool>*>(flag)->wait(false);
      return flag;
    };
    const auto thread = thread_that(waits, &go);
    const auto soon = time_in(CLOCK_REALTIME, 10ms);
    const auto soon_monotonic = time_in(CLOCK_MONOTONIC, 20ms);
    void* returned = nullptr;
    Results results{::pthread_timedjoin_np(thread, &returned, &soon),
                    ::pthread_clockjoin_np(thread, &returned, CLOCK_MONOTONIC, &soon_monotonic),
                    ::pthread_clockjoin_np(thread, &returned, CLOCK_THREAD_CPUTIME_ID, &soon)};
    go = true;
    go.notify_one();
    results.push_back(::pthread_join(thread, &returned));
    results.push_back(returned == &go);
    results.push_back(::pthread_join(::pthread_self(), nullptr));
    return results;
  });
}

TEST_F(ThreadHookTest, KeepsTheLoopGoingWhileItJoins) {
  std::atomic<bool> go = false;
  std::string order;
  start([&] {
    std::thread thread{[&] { go.wait(false); }};
    thread.join();
    order += "joined";
  });
  start([&] {
    sleep_for(2ms);
    order += "woken ";
    go = true;
    go.notify_one();
  });
  finish();
  EXPECT_EQ(order, "woken joined");
}

TEST_F(ThreadHookTest, MeetsFibersAndThreadsAtABarrier) {
  pthread_barrier_t barrier;
  ::pthread_barrier_init(&barrier, nullptr, 14);
  std::atomic<int> serial = 0;
  std::atomic<int> passed = 0;
  const auto meet = [&] {
    if (::pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) ++serial;
    ++passed;
  };
  for (int i = 0; i < 13; ++i) start(meet);
  EXPECT_EQ(passed, 0);
  std::thread last{meet};
  finish();
  last.join();
  EXPECT_EQ(serial, 1);
  EXPECT_EQ(passed, 14);
  ::pthread_barrier_destroy(&barrier);
}

TEST_F(ThreadHookTest, LetsTheHolderOfASpinLockGoOn) {
  pthread_spinlock_t lock;
  ::pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
  std::string order;
  for (const char name : {'a', 'b'})
    start([&, name] {
      EXPECT_EQ(::pthread_spin_lock(&lock), 0);
      order += name;
      sleep_for(3ms);
      order += name;
      EXPECT_EQ(::pthread_spin_unlock(&lock), 0);
    });
  finish();
  EXPECT_EQ(order, "aabb");
  ::pthread_spin_destroy(&lock);
}

TEST_F(ThreadHookTest, LetsOthersRunWhenItYields) {
  bool flag = false;
  start([&] {
    while (!flag) EXPECT_EQ(::sched_yield(), 0);
  });
  start([&] { flag = true; });
  finish();
}

TEST_F(ThreadHookTest, WaitsForFutexesAsOutsideOfFibers) {
  expect_the_same([] {
    int word = 1;
    const auto answer = [](long result) { return result >= 0 ? result : -errno; };
    const timespec short_time{.tv_sec = 0, .tv_nsec = 5'000'000};
    const timespec invalid{.tv_sec = 0, .tv_nsec = -1};
    const auto past = time_in(CLOCK_MONOTONIC, -1s);
    const auto call = [&](int operation, int value, const timespec* time) {
      return answer(::syscall(SYS_futex, &word, operation, value, time, nullptr, FUTEX_BITSET_MATCH_ANY));
    };
    return Results{call(FUTEX_WAIT, 2, nullptr),
                   call(FUTEX_WAIT, 1, &short_time),
                   call(FUTEX_WAIT_PRIVATE, 1, &short_time),
                   call(FUTEX_WAIT, 1, &invalid),
                   call(FUTEX_WAIT_BITSET_PRIVATE, 1, &past),
                   call(FUTEX_WAKE, 1, nullptr),
                   answer(::syscall(SYS_getpid)) == ::getpid()};
  });
}

TEST_F(ThreadHookTest, WaitsForAtomicsLatchesAndFutures) {
  std::atomic<int> number = 0;
  std::latch latch{2};
  std::counting_semaphore<> permits{0};
  std::promise<int> promise;
  std::string order;
  start([&] {
    number.wait(0);
    order += "number ";
    latch.count_down();
  });
  start([&] {
    latch.arrive_and_wait();
    order += "latch ";
    permits.release();
  });
  start([&] {
    permits.acquire();
    order += "permit ";
  });
  start([&] { order += std::to_string(promise.get_future().get()); });
  EXPECT_EQ(order, "");
  std::thread other{[&] {
    number = 1;
    number.notify_all();
  }};
  loop.run_until([&] { return order == "number latch permit "; });
  other.join();
  std::thread giver{[&] { promise.set_value(7); }};
  finish();
  giver.join();
  EXPECT_EQ(order, "number latch permit 7");
}

}  // namespace
}  // namespace indrik::fiber
