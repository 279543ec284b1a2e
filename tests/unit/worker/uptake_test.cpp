#include "worker/uptake.h"

#include <gtest/gtest.h>

namespace indrik::worker {
namespace {

using namespace std::chrono_literals;
using Verdict = Uptake::Verdict;

constexpr LeastRate kRate{.least = 100, .grace = 20s};

TEST(UptakeTest, FindsAStandstillAfterTheGraceFromTheFirstLookOn) {
  Uptake uptake;
  for (auto now = 100s; now < 120s; now += 5s) EXPECT_EQ(uptake.look(4711, now, kRate), Verdict::fine);
  EXPECT_EQ(uptake.look(4711, 120s, kRate), Verdict::stalled);
}

TEST(UptakeTest, AllowsASlowAndSteadyReaderForEver) {
  Uptake uptake;
  for (std::int64_t i = 0; i < 10'000; ++i) ASSERT_EQ(uptake.look(i * 500, i * 5s, kRate), Verdict::fine);
}

TEST(UptakeTest, EndsWhoeverTakesAByteNowAndThen) {
  Uptake uptake;
  std::int64_t looks = 0;
  while (uptake.look(looks, looks * 5s, kRate) == Verdict::fine && looks < 100) ++looks;
  EXPECT_EQ(looks, 5);  // 25 s less what five bytes are worth are more than the grace
  EXPECT_EQ(uptake.look(looks + 1, (looks + 1) * 5s, kRate), Verdict::too_slow);
}

TEST(UptakeTest, CountsAnewForWhatWaitsAnew) {
  Uptake uptake;
  EXPECT_EQ(uptake.look(5, 0s, kRate), Verdict::fine);
  uptake.begin();
  EXPECT_EQ(uptake.look(5, 1h, kRate), Verdict::fine);
  EXPECT_EQ(uptake.look(5, 1h + 19s, kRate), Verdict::fine);
}

TEST(UptakeTest, TakesTheKernelsCountGoingBackForAStandstill) {
  Uptake uptake;
  EXPECT_EQ(uptake.look(1000, 0s, kRate), Verdict::fine);
  EXPECT_EQ(uptake.look(900, 19s, kRate), Verdict::fine);
  EXPECT_EQ(uptake.look(900, 20s, kRate), Verdict::stalled);
}

}  // namespace
}  // namespace indrik::worker
