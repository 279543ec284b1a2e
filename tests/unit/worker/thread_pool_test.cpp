#include "worker/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>

namespace indrik::worker {
namespace {

TEST(ThreadPoolTest, RunsJobsBesideTheCaller) {
  ThreadPool pool{2};
  std::latch done{1};
  std::thread::id where;
  ASSERT_TRUE(pool.submit([&] {
    where = std::this_thread::get_id();
    done.count_down();
  }));
  done.wait();
  EXPECT_NE(where, std::this_thread::get_id());
}

TEST(ThreadPoolTest, RunsAsManyAtOnceAsItHasThreads) {
  ThreadPool pool{3};
  std::latch all_inside{3};
  std::latch done{3};
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pool.submit([&] {
      all_inside.arrive_and_wait();  // would never end with fewer threads
      done.count_down();
    }));
  }
  done.wait();
}

TEST(ThreadPoolTest, RunsNoMoreAtOnceThanItHasThreads) {
  std::atomic<int> inside{0}, most{0};
  std::latch done{50};
  ThreadPool pool{2};
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(pool.submit([&] {
      const int now = ++inside;
      int seen = most;
      while (seen < now && !most.compare_exchange_weak(seen, now)) {
      }
      std::this_thread::yield();
      --inside;
      done.count_down();
    }));
  }
  done.wait();
  EXPECT_LE(most, 2);
}

TEST(ThreadPoolTest, ForgetsJobsThatHaveNotBegunWhenItEnds) {
  std::latch begun{1};
  std::atomic<bool> ending{false};
  std::atomic<int> ran{0};
  {
    ThreadPool pool{1};
    ASSERT_TRUE(pool.submit([&] {
      begun.count_down();
      while (!ending) std::this_thread::yield();
      ++ran;
    }));
    begun.wait();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(pool.submit([&] { ++ran; }));
    ending = true;
  }
  EXPECT_GE(ran, 1);
  EXPECT_LE(ran, 11);
}

}  // namespace
}  // namespace indrik::worker
