#include "fiber/fiber.h"

#include <gtest/gtest.h>
#include <threads.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <thread>

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

/// Time passes when the test says so.
class ManualTimers final : public Timers {
 public:
  void start(TimerRoom& room, nanoseconds delay, void (*fired)(void*) noexcept, void* context) noexcept override {
    waiting_.emplace(now_ + delay, Waiting{&room, fired, context});
  }
  void cancel(TimerRoom& room) noexcept override {
    std::erase_if(waiting_, [&](const auto& entry) { return entry.second.room == &room; });
  }
  bool fire_next() {
    if (waiting_.empty()) return false;
    const auto node = waiting_.extract(waiting_.begin());
    now_ = node.key();
    node.mapped().fired(node.mapped().context);
    return true;
  }
  nanoseconds now() const { return now_; }

 private:
  struct Waiting {
    TimerRoom* room;
    void (*fired)(void*) noexcept;
    void* context;
  };
  nanoseconds now_{0};
  std::multimap<nanoseconds, Waiting> waiting_;
};

/// For tests that wait for nothing but time.
class NoWatches final : public Watches {
 public:
  void start(WatchRoom&, int, short, void (*)(void*, short) noexcept, void*) noexcept override { std::abort(); }
  void cancel(WatchRoom&) noexcept override {}
};
class NoOffloads final : public Offloads {
 public:
  bool submit(OffloadJob&) noexcept override { return false; }
};

class FiberTest : public testing::Test {
 protected:
  struct Job {
    std::function<void()> body;
    bool done = false;
  };
  void start(Job& job) {
    ASSERT_TRUE(pool.start({[](void* j) noexcept { static_cast<Job*>(j)->body(); },
                            [](void* j) noexcept { static_cast<Job*>(j)->done = true; }, &job}));
  }
  void finish_all() {
    while (timers.fire_next()) {
    }
  }

  ManualTimers timers;
  NoWatches watches;
  NoOffloads offloads;
  const LoopServices services{timers, watches, offloads};
  FiberPool pool{64 * 1024, services};
};

TEST_F(FiberTest, RunsATaskToItsEnd) {
  Job job{[] { EXPECT_NE(current(), nullptr); }};
  start(job);
  EXPECT_TRUE(job.done);
  EXPECT_EQ(current(), nullptr);
  EXPECT_EQ(pool.active(), 0U);
}

TEST_F(FiberTest, LetsOthersRunWhileOneSleeps) {
  std::string order;
  Job slow{[&] {
    order += 'a';
    sleep_for(20ms);
    order += 'd';
  }};
  Job quick{[&] {
    order += 'b';
    sleep_for(10ms);
    order += 'c';
  }};
  start(slow);
  start(quick);
  EXPECT_EQ(pool.active(), 2U);
  finish_all();
  EXPECT_EQ(order, "abcd");
  EXPECT_TRUE(slow.done && quick.done);
}

TEST_F(FiberTest, EndsTheSleepOfACancelledTaskAndShortensThoseToCome) {
  Fiber* self = nullptr;
  std::string slept;
  Job job{[&] {
    self = current();
    slept += sleep_for(1h) ? "whole " : "cancelled ";
    slept += sleep_for(1h) ? "whole" : "short";
  }};
  start(job);
  cancel(*self);
  EXPECT_EQ(slept, "cancelled ");
  EXPECT_FALSE(job.done);
  finish_all();
  EXPECT_EQ(slept, "cancelled short");
  EXPECT_EQ(timers.now(), kCancelledSleep);
  EXPECT_TRUE(job.done);
}

TEST_F(FiberTest, BeginsTheNextTaskOfAFiberUncancelled) {
  Fiber* self = nullptr;
  Job first{[&] {
    self = current();
    sleep_for(1h);
  }};
  start(first);
  cancel(*self);
  bool whole = false;
  Job second{[&] { whole = sleep_for(1h); }};
  start(second);
  finish_all();
  EXPECT_TRUE(first.done && whole);
}

TEST_F(FiberTest, FailsTheHookedSleepsOfACancelledTask) {
  Fiber* self = nullptr;
  Job job{[&] {
    self = current();
    timespec time{.tv_sec = 3600, .tv_nsec = 0};
    EXPECT_EQ(::nanosleep(&time, &time), -1);
    EXPECT_EQ(errno, ECANCELED);
    EXPECT_TRUE(time.tv_sec == 0 && time.tv_nsec == 0);
    time = {.tv_sec = 3600, .tv_nsec = 0};
    EXPECT_EQ(::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time), ECANCELED);
    time = {.tv_sec = 3600, .tv_nsec = 0};
    EXPECT_EQ(::thrd_sleep(&time, nullptr), -2);
    EXPECT_EQ(::usleep(1000), -1);
    EXPECT_GE(::sleep(3600), 3599U);
    std::this_thread::sleep_for(1h);
  }};
  start(job);
  cancel(*self);
  finish_all();
  EXPECT_TRUE(job.done);
}

TEST_F(FiberTest, UsesAFiberAgain) {
  Fiber* first = nullptr;
  Fiber* second = nullptr;
  Job a{[&] { first = current(); }};
  Job b{[&] { second = current(); }};
  start(a);
  start(b);
  EXPECT_EQ(first, second);
}

TEST_F(FiberTest, KeepsErrnoPerFiber) {
  int seen = 0;
  Job a{[&] {
    errno = 111;
    sleep_for(10ms);
    seen = errno;
  }};
  Job b{[] { errno = 222; }};
  errno = 5;
  start(a);
  EXPECT_EQ(errno, 5);
  start(b);
  finish_all();
  EXPECT_EQ(seen, 111);
  EXPECT_EQ(errno, 5);
}

TEST_F(FiberTest, KeepsExceptionsInFlightPerFiber) {
  std::string caught;
  const auto body = [&caught](const char* name, milliseconds pause) {
    try {
      throw std::runtime_error{name};
    } catch (const std::exception&) {
      sleep_for(pause);  // the other one throws, catches and ends meanwhile
      try {
        throw;
      } catch (const std::exception& again) {
        caught += again.what();
      }
    }
  };
  Job a{[&] { body("a", 20ms); }};
  Job b{[&] { body("b", 10ms); }};
  start(a);
  start(b);
  EXPECT_EQ(std::current_exception(), nullptr);
  finish_all();
  EXPECT_EQ(caught, "ba");
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}

TEST_F(FiberTest, CountsUncaughtExceptionsPerFiber) {
  int inside = -1;
  int outside = -1;
  struct Sleeper {
    int* seen;
    ~Sleeper() {
      sleep_for(10ms);
      *seen = std::uncaught_exceptions();
    }
  };
  Job job{[&] {
    try {
      const Sleeper sleeper{&inside};
      throw 1;
    } catch (int) {
    }
  }};
  start(job);
  outside = std::uncaught_exceptions();
  finish_all();
  EXPECT_EQ(outside, 0);
  EXPECT_EQ(inside, 1);
}

TEST_F(FiberTest, StartsTheNextTaskFromTheDoneOfTheLast) {
  struct Chain {
    FiberPool* pool;
    int left;
    static void done(void* self) noexcept {
      auto& chain = *static_cast<Chain*>(self);
      if (--chain.left == 0) return;
      EXPECT_TRUE(chain.pool->start({[](void*) noexcept {}, done, self}));
    }
  } chain{&pool, 3};
  ASSERT_TRUE(pool.start({[](void*) noexcept {}, Chain::done, &chain}));
  EXPECT_EQ(chain.left, 0);
}

TEST_F(FiberTest, SaysWhenThereIsNoMemoryForAStack) {
  FiberPool huge{std::size_t{1} << 60, services};
  bool ran = false;
  const auto result =
      huge.start({[](void* r) noexcept { *static_cast<bool*>(r) = true; }, [](void*) noexcept {}, &ran});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ENOMEM);
  EXPECT_FALSE(ran);
  EXPECT_EQ(huge.active(), 0U);
}

TEST_F(FiberTest, HoldsThousandsAsleepAtOnce) {
  int woken = 0;
  std::vector<Job> jobs(2000);
  for (auto& job : jobs) {
    job.body = [&] {
      sleep_for(10ms);
      ++woken;
    };
    start(job);
  }
  EXPECT_EQ(pool.active(), jobs.size());
  finish_all();
  EXPECT_EQ(woken, 2000);
  EXPECT_EQ(pool.active(), 0U);
}

using FiberDeathTest = FiberTest;

TEST_F(FiberDeathTest, FaultsOnTheGuardPageWhenAStackIsExhausted) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        std::function<int(int)> deeper = [&](int n) {
          volatile char room[1024] = {};
          room[n % 1024] = 1;
          return deeper(n + 1) + room[0];
        };
        Job job{[&] { deeper(0); }};
        start(job);
      },
      "");
}

/// One of the sleep family, asked for `duration`; what it returned.
struct SleepCall {
  const char* name;
  int (*call)(timespec duration);
};

class SleepHookTest : public FiberTest, public testing::WithParamInterface<SleepCall> {};

TEST_P(SleepHookTest, ParksTheFiberForTheTimeAsked) {
  int result = -1;
  Job job{[&] { result = GetParam().call({2, 0}); }};
  start(job);
  EXPECT_FALSE(job.done);
  finish_all();
  EXPECT_TRUE(job.done);
  EXPECT_EQ(result, 0);
  EXPECT_GT(timers.now(), 1900ms);
  EXPECT_LE(timers.now(), 2s);
}

int sleep_until_realtime(timespec duration) {
  timespec due{};
  ::clock_gettime(CLOCK_REALTIME, &due);
  due.tv_sec += duration.tv_sec;
  return ::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &due, nullptr);
}

int sleep_by_standard_library(timespec duration) {
  std::this_thread::sleep_for(std::chrono::seconds{duration.tv_sec});
  return 0;
}

constexpr SleepCall kSleepCalls[] = {
    {"nanosleep", [](timespec d) { return ::nanosleep(&d, nullptr); }},
    {"usleep", [](timespec d) { return ::usleep(static_cast<useconds_t>(d.tv_sec) * 1'000'000); }},
    {"sleep", [](timespec d) { return static_cast<int>(::sleep(static_cast<unsigned>(d.tv_sec))); }},
    {"clock_nanosleep", [](timespec d) { return ::clock_nanosleep(CLOCK_MONOTONIC, 0, &d, nullptr); }},
    {"clock_nanosleep_absolute", sleep_until_realtime},
    {"thrd_sleep", [](timespec d) { return ::thrd_sleep(&d, nullptr); }},
    {"this_thread", sleep_by_standard_library},
};

INSTANTIATE_TEST_SUITE_P(Family, SleepHookTest, testing::ValuesIn(kSleepCalls),
                         [](const auto& param) { return std::string{param.param.name}; });

TEST_F(FiberTest, HookedSleepRefusesWhatTheSystemCallRefuses) {
  Job job{[] {
    const timespec negative{-1, 0};
    const timespec too_many{0, 1'000'000'000};
    EXPECT_EQ(::nanosleep(&negative, nullptr), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(::clock_nanosleep(CLOCK_MONOTONIC, 0, &too_many, nullptr), EINVAL);
  }};
  start(job);
  EXPECT_TRUE(job.done);
}

TEST_F(FiberTest, HookedSleepOfNothingReturnsAtOnce) {
  Job job{[] {
    const timespec past{1, 0};
    EXPECT_EQ(::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, nullptr), 0);
  }};
  start(job);
  EXPECT_TRUE(job.done);
}

TEST_F(FiberTest, HookedSleepOutsideOfAFiberReallySleeps) {
  const auto before = Clock::now();
  std::this_thread::sleep_for(5ms);
  EXPECT_GE(Clock::now() - before, 5ms);
}

}  // namespace
}  // namespace indrik::fiber
