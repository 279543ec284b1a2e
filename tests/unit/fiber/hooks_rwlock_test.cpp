#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <string>
#include <thread>

#include "fiber/parking.h"
#include "unit/fiber/conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

class KindOfLock {
 public:
  explicit KindOfLock(int kind = PTHREAD_RWLOCK_DEFAULT_NP) {
    pthread_rwlockattr_t attributes;
    ::pthread_rwlockattr_init(&attributes);
    ::pthread_rwlockattr_setkind_np(&attributes, kind);
    ::pthread_rwlock_init(&lock_, &attributes);
    ::pthread_rwlockattr_destroy(&attributes);
  }
  ~KindOfLock() { ::pthread_rwlock_destroy(&lock_); }
  KindOfLock(const KindOfLock&) = delete;
  KindOfLock& operator=(const KindOfLock&) = delete;
  pthread_rwlock_t* get() { return &lock_; }

 private:
  pthread_rwlock_t lock_;
};

class RwlockHookTest : public ConformanceTest {};

TEST_F(RwlockHookTest, AnswersItsWriterAsOutsideOfFibers) {
  expect_the_same([] {
    KindOfLock rwlock;
    auto* const lock = rwlock.get();
    const auto soon = time_in(CLOCK_REALTIME, 10s);
    const auto soon_monotonic = time_in(CLOCK_MONOTONIC, 10s);
    return Results{::pthread_rwlock_wrlock(lock),
                   ::pthread_rwlock_wrlock(lock),
                   ::pthread_rwlock_rdlock(lock),
                   ::pthread_rwlock_trywrlock(lock),
                   ::pthread_rwlock_tryrdlock(lock),
                   ::pthread_rwlock_timedwrlock(lock, &soon),
                   ::pthread_rwlock_timedrdlock(lock, &soon),
                   ::pthread_rwlock_clockwrlock(lock, CLOCK_MONOTONIC, &soon_monotonic),
                   ::pthread_rwlock_clockrdlock(lock, CLOCK_MONOTONIC, &soon_monotonic),
                   ::pthread_rwlock_unlock(lock),
                   ::pthread_rwlock_rdlock(lock),
                   ::pthread_rwlock_tryrdlock(lock),
                   ::pthread_rwlock_trywrlock(lock),
                   ::pthread_rwlock_unlock(lock),
                   ::pthread_rwlock_unlock(lock)};
  });
}

/// What the calls answer while a thread has it.
std::vector<long> calls_on_held_lock(bool for_writing) {
  KindOfLock rwlock;
  auto* const lock = rwlock.get();
  std::promise<void> held;
  std::promise<void> release;
  std::thread holder{[&] {
    for_writing ? ::pthread_rwlock_wrlock(lock) : ::pthread_rwlock_rdlock(lock);
    held.set_value();
    release.get_future().wait();
    ::pthread_rwlock_unlock(lock);
  }};
  held.get_future().wait();
  const auto soon = time_in(CLOCK_REALTIME, 15ms);
  const auto soon_monotonic = time_in(CLOCK_MONOTONIC, 30ms);
  const timespec invalid{.tv_sec = 0, .tv_nsec = -1};
  std::vector<long> results{::pthread_rwlock_trywrlock(lock), ::pthread_rwlock_timedwrlock(lock, &soon),
                            ::pthread_rwlock_timedwrlock(lock, &invalid),
                            ::pthread_rwlock_clockwrlock(lock, CLOCK_MONOTONIC, &soon_monotonic),
                            ::pthread_rwlock_clockwrlock(lock, CLOCK_PROCESS_CPUTIME_ID, &soon)};
  if (for_writing) {
    results.push_back(::pthread_rwlock_tryrdlock(lock));
    results.push_back(::pthread_rwlock_timedrdlock(lock, &soon));
    results.push_back(::pthread_rwlock_clockrdlock(lock, CLOCK_MONOTONIC, &soon_monotonic));
    results.push_back(::pthread_rwlock_clockrdlock(lock, CLOCK_PROCESS_CPUTIME_ID, &soon));
  }
  release.set_value();
  results.push_back(::pthread_rwlock_wrlock(lock));
  results.push_back(::pthread_rwlock_unlock(lock));
  holder.join();
  return results;
}

TEST_F(RwlockHookTest, AnswersAsOutsideOfFibersWhileAThreadHasIt) {
  expect_the_same([] { return calls_on_held_lock(/*for_writing=*/true); });
  expect_the_same([] { return calls_on_held_lock(/*for_writing=*/false); });
}

TEST_F(RwlockHookTest, HasManyReadersOrOneWriter) {
  KindOfLock rwlock;
  std::string order;
  const auto pass = [&](char name, int (*lock)(pthread_rwlock_t*)) {
    start([&, name, lock] {
      EXPECT_EQ(lock(rwlock.get()), 0);
      order += name;
      sleep_for(3ms);
      order += name;
      EXPECT_EQ(::pthread_rwlock_unlock(rwlock.get()), 0);
    });
  };
  pass('r', ::pthread_rwlock_rdlock);
  pass('r', ::pthread_rwlock_rdlock);
  pass('w', ::pthread_rwlock_wrlock);
  pass('w', ::pthread_rwlock_wrlock);
  finish();
  EXPECT_EQ(order, "rrrrwwww");
}

TEST_F(RwlockHookTest, LetsAllReadersInWhenTheWriterIsGone) {
  KindOfLock rwlock;
  int inside = 0;
  int most = 0;
  start([&] {
    ::pthread_rwlock_wrlock(rwlock.get());
    sleep_for(3ms);
    ::pthread_rwlock_unlock(rwlock.get());
  });
  for (int i = 0; i < 5; ++i)
    start([&] {
      ::pthread_rwlock_rdlock(rwlock.get());
      most = std::max(most, ++inside);
      sleep_for(30ms);
      --inside;
      ::pthread_rwlock_unlock(rwlock.get());
    });
  finish();
  EXPECT_EQ(most, 5);
}

TEST_F(RwlockHookTest, MayBeReadAgainByAReaderWhileAWriterWaits) {
  KindOfLock rwlock;
  start([&] {
    ::pthread_rwlock_rdlock(rwlock.get());
    sleep_for(3ms);
    EXPECT_EQ(::pthread_rwlock_rdlock(rwlock.get()), 0);
    ::pthread_rwlock_unlock(rwlock.get());
    ::pthread_rwlock_unlock(rwlock.get());
  });
  start([&] {
    ::pthread_rwlock_wrlock(rwlock.get());
    ::pthread_rwlock_unlock(rwlock.get());
  });
  finish();
}

TEST_F(RwlockHookTest, KeepsReadersBehindAWriterWhereItIsMadeSo) {
  KindOfLock rwlock{PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP};
  std::string order;
  const auto pass = [&](char name, int (*lock)(pthread_rwlock_t*)) {
    start([&, name, lock] {
      lock(rwlock.get());
      sleep_for(3ms);
      order += name;
      ::pthread_rwlock_unlock(rwlock.get());
    });
  };
  pass('a', ::pthread_rwlock_rdlock);
  pass('w', ::pthread_rwlock_wrlock);
  pass('b', ::pthread_rwlock_rdlock);
  finish();
  EXPECT_EQ(order, "awb");
}

TEST_F(RwlockHookTest, KeepsWhatItGuardsWholeForManyFibersAndThreads) {
  constexpr int kEach = 200;
  KindOfLock rwlock;
  long left = 0;
  long right = 0;
  const auto work = [&] {
    for (int i = 0; i < kEach; ++i) {
      if (i % 4 == 0) {
        ::pthread_rwlock_wrlock(rwlock.get());
        ++left;
        if (current() && i % 32 == 0) yield_turn();
        ++right;
      } else {
        ::pthread_rwlock_rdlock(rwlock.get());
        EXPECT_EQ(left, right);
      }
      ::pthread_rwlock_unlock(rwlock.get());
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back(work);
  for (int i = 0; i < 10; ++i) start(work);
  finish();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(left, 12 * kEach / 4);
}

}  // namespace
}  // namespace indrik::fiber
