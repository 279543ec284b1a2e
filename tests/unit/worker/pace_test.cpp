#include "worker/pace.h"

#include <gtest/gtest.h>

namespace indrik::worker {
namespace {

using namespace std::chrono_literals;

constexpr LeastRate kRate{.least = 100, .grace = 10s};

TEST(PaceTest, AllowsAnythingWithinTheGrace) {
  Pace pace;
  pace.add(0, 10s, kRate);
  EXPECT_TRUE(pace.keeps_up(kRate));
  pace.add(0, 1ms, kRate);
  EXPECT_FALSE(pace.keeps_up(kRate));
}

TEST(PaceTest, AllowsTheLeastRateForEver) {
  Pace pace;
  for (int i = 0; i < 10'000; ++i) pace.add(500, 5s, kRate);
  EXPECT_TRUE(pace.keeps_up(kRate));
}

TEST(PaceTest, EndsWhoeverDribblesALittleBelowIt) {
  Pace pace;
  int steps = 0;
  for (; pace.keeps_up(kRate) && steps < 1000; ++steps) pace.add(450, 5s, kRate);  // half a second behind each time
  EXPECT_EQ(steps, 21);
}

TEST(PaceTest, EarnsNothingByAQuickBeginning) {
  Pace pace;
  pace.add(1'000'000'000, 1s, kRate);
  pace.add(1, 11s, kRate);
  EXPECT_FALSE(pace.keeps_up(kRate));
}

TEST(PaceTest, LetsAClientCatchUp) {
  Pace pace;
  pace.add(0, 9s, kRate);
  pace.add(900, 1ms, kRate);
  pace.add(0, 9s, kRate);
  EXPECT_TRUE(pace.keeps_up(kRate));
}

TEST(PaceTest, DoesNotOverflowAtTheMostThatCanCome) {
  Pace pace;
  pace.add(~std::uint64_t{0}, 1s, {.least = 1, .grace = 10s});
  EXPECT_TRUE(pace.keeps_up(kRate));
  pace.add(0, 24h * 365, kRate);
  EXPECT_FALSE(pace.keeps_up(kRate));
}

TEST(PaceTest, KnowsNoRateWhereNoneIsAsked) {
  constexpr LeastRate any{.least = 0, .grace = 10s};
  Pace pace;
  pace.add(0, 24h, any);
  EXPECT_TRUE(pace.keeps_up(any));
}

}  // namespace
}  // namespace indrik::worker
