#include "worker/deadline_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace indrik::worker {
namespace {

using namespace std::chrono_literals;

/// A queue on a real loop; the test lets the loop run until nothing waits any more.
class DeadlineQueueTest : public testing::Test {
 protected:
  Loop loop;
  std::vector<const Deadline*> expired;
  DeadlineQueue queue{loop, 5ms, [this](Deadline& deadline, const DeadlineQueue&) { expired.push_back(&deadline); }};
};

TEST_F(DeadlineQueueTest, ExpiresInTheOrderOfArrival) {
  Deadline first, second;
  queue.enter(first);
  queue.enter(second);
  loop.run();
  EXPECT_EQ(expired, (std::vector<const Deadline*>{&first, &second}));
  EXPECT_EQ(first.queue(), nullptr);
}

TEST_F(DeadlineQueueTest, ForgetsWhatWasCleared) {
  Deadline first, second, third;
  queue.enter(first);
  queue.enter(second);
  queue.enter(third);
  second.clear();
  second.clear();
  loop.run();
  EXPECT_EQ(expired, (std::vector<const Deadline*>{&first, &third}));
}

TEST_F(DeadlineQueueTest, ForgetsWhatDied) {
  Deadline first;
  queue.enter(first);
  {
    Deadline second;
    queue.enter(second);
  }
  loop.run();
  EXPECT_EQ(expired, (std::vector<const Deadline*>{&first}));
}

TEST_F(DeadlineQueueTest, BeginsAnewWhenEnteredAgain) {
  Deadline first, second;
  queue.enter(first);
  queue.enter(second);
  queue.enter(first);
  loop.run();
  EXPECT_EQ(expired, (std::vector<const Deadline*>{&second, &first}));
}

TEST_F(DeadlineQueueTest, KeepsNobodyWaitingForWhoCameLater) {
  std::vector<TimePoint> when;
  Deadline first, second, third;
  // Whoever comes in while the timer has fired, before it or during it, finds it not running.
  DeadlineQueue slow{loop, 1s, [&](Deadline& deadline, const DeadlineQueue&) {
                       when.push_back(Clock::now());
                       if (&deadline == &first) slow.enter(third);
                       if (&deadline == &second) loop.stop();
                     }};
  slow.enter(first);
  struct Later {
    void come(ev::timer&, int) { queue.enter(deadline); }
    DeadlineQueue& queue;
    Deadline& deadline;
  } later{slow, second};
  ev::timer in_a_moment{loop};
  in_a_moment.set<Later, &Later::come>(&later);
  in_a_moment.start(0.02);
  loop.run();
  ASSERT_EQ(when.size(), 2U);
  EXPECT_LT(when[1] - when[0], 900ms);
}

TEST_F(DeadlineQueueTest, NeverExpiresWithoutADuration) {
  DeadlineQueue never{loop, 0ms, [this](Deadline& deadline, const DeadlineQueue&) { expired.push_back(&deadline); }};
  Deadline deadline;
  never.enter(deadline);
  loop.run();  // nothing is awaited: the loop ends at once
  EXPECT_EQ(deadline.queue(), nullptr);
  EXPECT_TRUE(expired.empty());
}

TEST_F(DeadlineQueueTest, HastensThoseWhoWait) {
  DeadlineQueue slow{loop, 1h, [this](Deadline& deadline, const DeadlineQueue&) { expired.push_back(&deadline); }};
  Deadline deadline;
  slow.enter(deadline);
  slow.set_duration(1ms);
  loop.run();
  EXPECT_EQ(expired, (std::vector<const Deadline*>{&deadline}));
}

TEST_F(DeadlineQueueTest, MovesFromQueueToQueue) {
  DeadlineQueue other{loop, 1ms, [](Deadline&, const DeadlineQueue&) { FAIL() << "it has left this queue"; }};
  Deadline deadline;
  other.enter(deadline);
  queue.enter(deadline);
  loop.run();
  EXPECT_EQ(expired, (std::vector<const Deadline*>{&deadline}));
}

TEST_F(DeadlineQueueTest, LetsTheExpiredEnterAgain) {
  int times = 0;
  DeadlineQueue* again = nullptr;
  DeadlineQueue repeating{loop, 1ms, [&](Deadline& deadline, const DeadlineQueue&) {
                            if (++times < 3) again->enter(deadline);
                          }};
  again = &repeating;
  Deadline deadline;
  repeating.enter(deadline);
  loop.run();
  EXPECT_EQ(times, 3);
}

TEST(LoopTimersTest, FireOnceAfterTheirDelay) {
  Loop loop;
  LoopTimers timers{loop};
  TimerRoom room;
  int fired = 0;
  const auto begun = Clock::now();
  timers.start(
      room, 3ms, [](void* count) noexcept { ++*static_cast<int*>(count); }, &fired);
  loop.run();
  EXPECT_EQ(fired, 1);
  EXPECT_GE(Clock::now() - begun, 3ms);
}

TEST(LoopTimersTest, AreForgottenWhenCancelled) {
  Loop loop;
  LoopTimers timers{loop};
  TimerRoom room, never_started;
  timers.start(
      room, 1ms, [](void*) noexcept { FAIL() << "it was cancelled"; }, nullptr);
  timers.cancel(room);
  timers.cancel(never_started);
  loop.run();
}

/// Of class sync: a handler that a timer has woken holds the loop, and runs it for what it waits for.
struct Holder {
  Loop loop;
  LoopTimers timers{loop};
  TimerRoom first, second, third;
  bool goes_on = false;
  bool done = false;

  void hold() noexcept {
    while (!goes_on) loop.turn();
    done = true;
  }
  static void hold(void* holder) noexcept { static_cast<Holder*>(holder)->hold(); }
  static void let_go(void* holder) noexcept { static_cast<Holder*>(holder)->goes_on = true; }
};

TEST(LoopTimersTest, FireWhileOneOfThemHoldsTheLoop) {
  Holder holder;
  // All are due when the first fires, and it waits for the last.
  holder.timers.start(holder.first, 1ms, &Holder::hold, &holder);
  holder.timers.start(
      holder.second, 1ms, [](void*) noexcept {}, nullptr);
  holder.timers.start(holder.third, 1ms, &Holder::let_go, &holder);
  holder.loop.run();
  EXPECT_TRUE(holder.done);
}

TEST(LoopTimersTest, FireWhereTheyAreStartedByOneThatHoldsTheLoop) {
  Holder holder;
  holder.timers.start(
      holder.first, 1ms,
      [](void* context) noexcept {
        auto& self = *static_cast<Holder*>(context);
        self.timers.start(self.third, 2ms, &Holder::let_go, &self);
        self.hold();
      },
      &holder);
  holder.timers.start(
      holder.second, 1h, [](void*) noexcept {}, nullptr);
  while (!holder.done) holder.loop.turn();
  holder.timers.cancel(holder.second);
  holder.loop.run();  // nobody waits any more
}

TEST(LoopTimersTest, TakeTheLongestDelay) {
  Loop loop;
  LoopTimers timers{loop};
  TimerRoom room, soon;
  bool fired = false;
  timers.start(
      room, nanoseconds::max(), [](void*) noexcept { FAIL() << "it is due in a century"; }, nullptr);
  timers.start(
      soon, 1ms, [](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &fired);
  while (!fired) loop.turn();
  timers.cancel(room);
  loop.run();
}

TEST(LoopTimersTest, TakeADelayOfNothingAndLess) {
  Loop loop;
  LoopTimers timers{loop};
  TimerRoom now, past;
  int fired = 0;
  const auto count = [](void* counter) noexcept { ++*static_cast<int*>(counter); };
  timers.start(now, 0ms, count, &fired);
  timers.start(past, -5ms, count, &fired);
  EXPECT_EQ(fired, 0);  // never from inside start()
  loop.run();
  EXPECT_EQ(fired, 2);
}

}  // namespace
}  // namespace indrik::worker
