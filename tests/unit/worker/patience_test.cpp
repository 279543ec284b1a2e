#include "worker/patience.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace indrik::worker {
namespace {

using namespace std::chrono_literals;

/// One timer, which the test fires.
class OneTimer final : public Timers {
 public:
  void start(TimerRoom&, nanoseconds delay, void (*fired)(void*) noexcept, void* context) noexcept override {
    ++starts;
    running = true;
    asked = delay;
    fired_ = fired;
    context_ = context;
  }
  void cancel(TimerRoom&) noexcept override { running = false; }
  void fire() {
    running = false;
    fired_(context_);
  }

  int starts = 0;
  bool running = false;
  nanoseconds asked{0};

 private:
  void (*fired_)(void*) noexcept = nullptr;
  void* context_ = nullptr;
};

class PatienceTest : public testing::Test {
 protected:
  OneTimer timers;
  int over = 0;
  Patience patience{timers, [](void* count) noexcept { ++*static_cast<int*>(count); }, &over};
};

TEST_F(PatienceTest, StartsOneTimerForManyWaits) {
  patience.set_limit(1h);
  for (int i = 0; i < 1000; ++i) {
    patience.begin();
    patience.end();
  }
  EXPECT_EQ(timers.starts, 1);
}

TEST_F(PatienceTest, IsOverOnlyWhenTheLastWaitIs) {
  patience.set_limit(1h);
  patience.begin();
  timers.fire();  // early, as for a wait before
  EXPECT_EQ(over, 0);
  EXPECT_TRUE(timers.running);
  EXPECT_LE(timers.asked, 1h);
}

TEST_F(PatienceTest, IsOverWhenItsTimeIs) {
  patience.set_limit(20ms);
  patience.begin();
  const auto due = coarse_monotonic_ns() + nanoseconds{25ms}.count();
  while (coarse_monotonic_ns() < due) std::this_thread::yield();
  timers.fire();
  EXPECT_EQ(over, 1);
}

TEST_F(PatienceTest, SaysNothingWhereNobodyWaits) {
  patience.set_limit(1h);
  patience.begin();
  patience.end();
  timers.fire();
  EXPECT_EQ(over, 0);
  EXPECT_FALSE(timers.running);
}

TEST_F(PatienceTest, BringsItsTimerForwardForAShorterLimit) {
  patience.set_limit(1h);
  patience.begin();
  patience.set_limit(1s);
  patience.begin();
  EXPECT_EQ(timers.starts, 2);
  EXPECT_EQ(timers.asked, 1s);
}

TEST_F(PatienceTest, HasNoLimitAtZero) {
  patience.begin();
  EXPECT_EQ(timers.starts, 0);
}

}  // namespace
}  // namespace indrik::worker
