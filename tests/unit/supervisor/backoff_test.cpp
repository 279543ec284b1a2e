#include "supervisor/backoff.h"

#include <gtest/gtest.h>

namespace indrik::supervisor {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart = TimePoint{} + 1h;

TEST(BackoffTest, LetsForkAtOnceBeforeAnybodyHasDied) { EXPECT_LE(Backoff{}.next(), kStart); }

TEST(BackoffTest, ReplacesTheFirstAtOnceAndWaitsLongerEachTime) {
  Backoff backoff;
  auto now = kStart;
  for (const auto delay : {0ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 10000ms, 10000ms}) {
    backoff.died_young(now, now);
    EXPECT_EQ(backoff.next() - now, delay);
    now = backoff.next() + 1ms;
  }
}

TEST(BackoffTest, CountsThoseWhoFailTogetherOnce) {
  Backoff backoff;
  for (int i = 0; i < 8; ++i) backoff.died_young(kStart, kStart + 50ms);
  EXPECT_EQ(backoff.next(), kStart + 50ms);
  backoff.died_young(kStart + 60ms, kStart + 70ms);  // one of their successors
  EXPECT_EQ(backoff.next(), kStart + 170ms);
}

TEST(BackoffTest, StartsAnewWhenASuccessorHasProvedItself) {
  Backoff backoff;
  backoff.died_young(kStart, kStart);
  backoff.died_young(kStart + 1ms, kStart + 2ms);
  backoff.proved(kStart + 200ms);
  EXPECT_LE(backoff.next(), kStart);
  backoff.died_young(kStart + 20s, kStart + 20s);
  EXPECT_EQ(backoff.next(), kStart + 20s);
}

TEST(BackoffTest, TakesNoProofFromOneThatWasThereBeforeTheTrouble) {
  Backoff backoff;
  backoff.died_young(kStart, kStart);
  backoff.died_young(kStart + 1ms, kStart + 2ms);
  backoff.proved(kStart - 1h);
  EXPECT_EQ(backoff.next(), kStart + 102ms);
}

TEST(BackoffTest, NeverForksAtOnceAfterAForkThatFailed) {
  Backoff backoff;
  backoff.fork_failed(kStart);
  EXPECT_EQ(backoff.next(), kStart + 100ms);
  backoff.fork_failed(kStart + 100ms);
  EXPECT_EQ(backoff.next(), kStart + 300ms);
}

}  // namespace
}  // namespace indrik::supervisor
