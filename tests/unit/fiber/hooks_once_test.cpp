#include <pthread.h>

#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "fiber/parking.h"
#include "unit/fiber/conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

class OnceHookTest : public ConformanceTest {};

int g_runs = 0;

TEST_F(OnceHookTest, RunsTheRoutineOnceAsOutsideOfFibers) {
  expect_the_same([] {
    pthread_once_t control = PTHREAD_ONCE_INIT;
    g_runs = 0;
    const auto routine = [] { ++g_runs; };
    return Results{::pthread_once(&control, routine), ::pthread_once(&control, routine), g_runs};
  });
}

TEST_F(OnceHookTest, IsWaitedForByOtherFibersWhileOneIsAtIt) {
  pthread_once_t control = PTHREAD_ONCE_INIT;
  std::string order;
  static std::string* written = nullptr;
  written = &order;
  for (const char name : {'a', 'b', 'c'})
    start([&, name] {
      ::pthread_once(&control, [] {
        sleep_for(5ms);
        *written += "once ";
      });
      order += name;
    });
  EXPECT_EQ(order, "");
  finish();
  EXPECT_EQ(order, "once abc");
}

// ThreadSanitizer has a pthread_once() of its own, which does not survive what throws, and says nothing of threads
// that are at it.
#ifndef __SANITIZE_THREAD__
TEST_F(OnceHookTest, IsDoneByTheNextFiberWhenTheFirstThrows) {
  std::once_flag flag;
  std::string order;
  const auto attempt = [&](const char* name, bool fails) {
    try {
      std::call_once(flag, [&] {
        sleep_for(5ms);
        order += name;
        if (fails) throw std::runtime_error{name};
      });
    } catch (const std::runtime_error& error) {
      order += std::string{"!"} + error.what() + " ";
    }
  };
  start([&] { attempt("a", true); });
  start([&] { attempt("b", false); });
  start([&] { attempt("c", false); });
  start([] {  // uses what call_once keeps for the thread
    std::once_flag other;
    std::call_once(other, [] { sleep_for(1ms); });
  });
  finish();
  EXPECT_EQ(order, "a!a b");
}

TEST_F(OnceHookTest, IsWaitedForWhileAThreadIsAtIt) {
  std::once_flag flag;
  std::mutex mutex;
  mutex.lock();
  bool began = false;
  std::thread other{[&] {
    std::call_once(flag, [&] {
      __atomic_store_n(&began, true, __ATOMIC_RELEASE);
      const std::lock_guard lock{mutex};
    });
  }};
  while (!__atomic_load_n(&began, __ATOMIC_ACQUIRE)) std::this_thread::yield();
  bool passed = false;
  start([&] {
    std::call_once(flag, [] { FAIL() << "twice"; });
    passed = true;
  });
  EXPECT_FALSE(passed);
  mutex.unlock();
  finish();
  other.join();
}

#endif

struct Slow {
  Slow() {
    sleep_for(5ms);
    ++made;
  }
  static inline int made = 0;
};

TEST_F(OnceHookTest, GuardsFunctionsStaticsBetweenFibers) {
  const auto get = []() -> Slow& {
    static Slow slow;
    return slow;
  };
  int got = 0;
  for (int i = 0; i < 3; ++i)
    start([&] {
      get();
      EXPECT_EQ(Slow::made, 1);
      ++got;
    });
  finish();
  EXPECT_EQ(got, 3);
}

TEST_F(OnceHookTest, MakesAFunctionsStaticAgainWhenItsConstructorThrew) {
  static int tries = 0;
  struct Failing {
    Failing() {
      sleep_for(2ms);
      if (++tries == 1) throw std::runtime_error{"first"};
    }
  };
  const auto get = [] { static const Failing failing; };
  int thrown = 0;
  for (int i = 0; i < 3; ++i)
    start([&] {
      try {
        get();
      } catch (const std::runtime_error&) {
        ++thrown;
      }
    });
  finish();
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(thrown, 1);
}

}  // namespace
}  // namespace indrik::fiber
