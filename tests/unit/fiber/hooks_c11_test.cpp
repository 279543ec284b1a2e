#include <threads.h>

#include <string>

#include "fiber/parking.h"
#include "unit/fiber/conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

class C11HookTest : public ConformanceTest {};

TEST_F(C11HookTest, MutexesAnswerAsOutsideOfFibers) {
  expect_the_same([] {
    mtx_t mutex;
    ::mtx_init(&mutex, mtx_timed | mtx_recursive);
    const auto soon = time_in(CLOCK_REALTIME, 10s);
    Results results{::mtx_unlock(&mutex), ::mtx_lock(&mutex),   ::mtx_trylock(&mutex), ::mtx_timedlock(&mutex, &soon),
                    ::mtx_unlock(&mutex), ::mtx_unlock(&mutex), ::mtx_unlock(&mutex),  ::mtx_unlock(&mutex)};
    ::mtx_destroy(&mutex);
    return results;
  });
}

TEST_F(C11HookTest, ConditionVariablesAnswerAsOutsideOfFibers) {
  expect_the_same([] {
    mtx_t mutex;
    cnd_t condition;
    ::mtx_init(&mutex, mtx_plain);
    ::cnd_init(&condition);
    ::mtx_lock(&mutex);
    const auto soon = time_in(CLOCK_REALTIME, 10ms);
    const timespec invalid{.tv_sec = 0, .tv_nsec = -1};
    Results results{::cnd_signal(&condition), ::cnd_broadcast(&condition), ::cnd_timedwait(&condition, &mutex, &soon),
                    ::cnd_timedwait(&condition, &mutex, &invalid), ::mtx_unlock(&mutex)};
    ::cnd_destroy(&condition);
    ::mtx_destroy(&mutex);
    return results;
  });
}

TEST_F(C11HookTest, ParkTheFiber) {
  mtx_t mutex;
  cnd_t condition;
  ::mtx_init(&mutex, mtx_plain);
  ::cnd_init(&condition);
  std::string order;
  start([&] {
    ::mtx_lock(&mutex);
    order += "wait ";
    ::cnd_wait(&condition, &mutex);
    order += "woken";
    ::mtx_unlock(&mutex);
  });
  start([&] {
    ::mtx_lock(&mutex);
    ::thrd_yield();
    order += "signal ";
    ::cnd_signal(&condition);
    ::mtx_unlock(&mutex);
  });
  start([&] {
    EXPECT_EQ(::mtx_trylock(&mutex), thrd_busy);
    const auto soon = time_in(CLOCK_REALTIME, 5s);
    EXPECT_EQ(::mtx_timedlock(&mutex, &soon), thrd_success);
    ::mtx_unlock(&mutex);
  });
  finish();
  EXPECT_EQ(order, "wait signal woken");
  ::cnd_destroy(&condition);
  ::mtx_destroy(&mutex);
}

int g_times = 0;

TEST_F(C11HookTest, ThreadsAndOnceAnswerAsOutsideOfFibers) {
  expect_the_same([] {
    thrd_t thread;
    int result = 0;
    Results results{::thrd_create(
                        &thread, [](void*) { return 42; }, nullptr),
                    ::thrd_join(thread, &result)};
    results.push_back(result);
    once_flag flag = ONCE_FLAG_INIT;
    g_times = 0;
    for (int i = 0; i < 2; ++i) ::call_once(&flag, [] { ++g_times; });
    results.push_back(g_times);
    ::thrd_yield();
    return results;
  });
}

}  // namespace
}  // namespace indrik::fiber
