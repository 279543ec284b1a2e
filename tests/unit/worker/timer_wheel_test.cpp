#include "worker/timer_wheel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <vector>

namespace indrik::worker {
namespace {

using Tick = TimerWheel::Tick;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Tick kBegin = 123'456'789;  // in the midst of every span

class TimerWheelTest : public testing::Test {
 protected:
  TimerWheel::Timer& started(Tick due) {
    auto& timer = timers_.emplace_back();
    wheel.start(timer, due);
    return timer;
  }
  /// The ticks of those that are popped at `now`, as they were asked for.
  std::vector<Tick> popped(Tick now) {
    std::vector<Tick> due;
    while (const auto* const timer = wheel.pop(now)) due.push_back(timer->due);
    return due;
  }

  TimerWheel wheel{kBegin};

 private:
  std::deque<TimerWheel::Timer> timers_;
};

TEST_F(TimerWheelTest, HasNothingAtFirst) {
  EXPECT_EQ(wheel.size(), 0U);
  EXPECT_EQ(wheel.next(), TimerWheel::kNever);
  EXPECT_EQ(wheel.pop(kBegin + 1'000'000), nullptr);
}

TEST_F(TimerWheelTest, GivesATimerInItsTickAndNotBefore) {
  for (const Tick delay : {1, 2, 63, 64, 1023, 1024, 1025, 2047, 2048, 262'143, 262'144, 67'108'864, 300'000'000}) {
    TimerWheel fresh{kBegin};
    TimerWheel::Timer timer{};
    fresh.start(timer, kBegin + delay);
    EXPECT_LE(fresh.next(), kBegin + delay);
    EXPECT_EQ(fresh.pop(kBegin + delay - 1), nullptr) << delay;
    EXPECT_EQ(fresh.size(), 1U);
    EXPECT_TRUE(timer.runs());
    EXPECT_EQ(fresh.pop(kBegin + delay), &timer) << delay;
    EXPECT_FALSE(timer.runs());
    EXPECT_EQ(fresh.next(), TimerWheel::kNever);
  }
}

TEST_F(TimerWheelTest, GivesThemByTheirTicks) {
  for (const Tick delay : {5000, 3, 700'000, 1024, 3, 90}) started(kBegin + delay);
  EXPECT_THAT(popped(kBegin + 1'000'000),
              ElementsAre(kBegin + 3, kBegin + 3, kBegin + 90, kBegin + 1024, kBegin + 5000, kBegin + 700'000));
}

TEST_F(TimerWheelTest, TakesTheNextTickForThosePast) {
  started(kBegin);
  started(-5);
  EXPECT_THAT(popped(kBegin), IsEmpty());
  EXPECT_THAT(popped(kBegin + 1), ElementsAre(kBegin + 1, kBegin + 1));
}

TEST_F(TimerWheelTest, ForgetsWhatIsCancelled) {
  auto& near = started(kBegin + 7);
  auto& far = started(kBegin + 7000);
  started(kBegin + 7);
  wheel.cancel(near);
  wheel.cancel(far);
  wheel.cancel(far);
  EXPECT_EQ(wheel.size(), 1U);
  EXPECT_EQ(wheel.next(), kBegin + 7);
  EXPECT_THAT(popped(kBegin + 100'000), ElementsAre(kBegin + 7));
}

TEST_F(TimerWheelTest, WakesNobodyForACancelledOne) {
  wheel.cancel(started(kBegin + 7));
  wheel.cancel(started(kBegin + 7000));
  started(kBegin + 900);
  EXPECT_EQ(wheel.next(), kBegin + 900);
}

TEST_F(TimerWheelTest, StartsAndCancelsWhileItGives) {
  auto& first = started(kBegin + 10);
  auto& second = started(kBegin + 10);
  EXPECT_EQ(wheel.pop(kBegin + 20), &first);
  wheel.cancel(second);
  wheel.start(first, kBegin + 15);
  wheel.start(second, kBegin + 5);  // past: the next tick
  EXPECT_THAT(popped(kBegin + 20), ElementsAre(kBegin + 11, kBegin + 15));
}

TEST_F(TimerWheelTest, HoldsTimersBeyondItsReach) {
  constexpr Tick kLong = Tick{1} << 44;
  started(kBegin + kLong);
  Tick now = kBegin;
  for (int looks = 0; wheel.size() > 0; ++looks) {
    ASSERT_LT(looks, 10'000);
    ASSERT_GT(wheel.next(), now);
    now = wheel.next();
    ASSERT_LE(now, kBegin + kLong);
    wheel.pop(now);
  }
  EXPECT_EQ(now, kBegin + kLong);
}

/// Beside a model that is plainly right: random starts, ends and steps, short and long.
TEST_F(TimerWheelTest, DoesWhatASortedListDoes) {
  std::mt19937_64 random{7};
  const auto below = [&](std::uint64_t bound) { return static_cast<Tick>(random() % bound); };
  std::vector<TimerWheel::Timer> timers(300);
  std::multimap<Tick, TimerWheel::Timer*> model;
  const auto forget = [&](TimerWheel::Timer& timer) {
    const auto [begin, end] = model.equal_range(timer.due);
    model.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == &timer; }));
  };
  Tick now = kBegin;
  for (int step = 0; step < 200'000; ++step) {
    auto& timer = timers[static_cast<std::size_t>(below(timers.size()))];
    if (timer.runs()) {
      if (below(2) == 0) {
        forget(timer);
        wheel.cancel(timer);
      }
    } else {
      wheel.start(timer, now + 1 + below(std::uint64_t{1} << below(36)));
      model.emplace(timer.due, &timer);
    }
    if (below(4) == 0) now += below(std::uint64_t{1} << below(below(50) == 0 ? 36 : 12));
    ASSERT_TRUE(model.empty() || wheel.next() <= model.begin()->first);
    while (auto* const due = wheel.pop(now)) {
      ASSERT_EQ(due->due, model.begin()->first);
      ASSERT_LE(due->due, now);
      forget(*due);
    }
    ASSERT_TRUE(model.empty() || model.begin()->first > now);
    ASSERT_EQ(wheel.size(), model.size());
  }
}

}  // namespace
}  // namespace indrik::worker
