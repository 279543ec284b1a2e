#include "worker/complaints.h"

#include <gtest/gtest.h>

namespace indrik::worker {
namespace {

using namespace std::chrono_literals;

class ComplaintsTest : public testing::Test {
 protected:
  std::uint64_t say(const int& place, nanoseconds at) { return complaints_.say(&place, start_ + at); }

  const int here = 0;
  const int there = 0;

 private:
  const TimePoint start_ = Clock::now();
  Complaints complaints_{10s};
};

TEST_F(ComplaintsTest, SaysTheFirstAtOnceAndCountsWhatFollows) {
  EXPECT_EQ(say(here, 0s), 1U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(say(here, 5s), 0U);
  EXPECT_EQ(say(here, 9999ms), 0U);
  EXPECT_EQ(say(here, 10s), 1002U);
  EXPECT_EQ(say(here, 19s), 0U);
  EXPECT_EQ(say(here, 60s), 2U);
}

TEST_F(ComplaintsTest, KeepsPlacesApart) {
  EXPECT_EQ(say(here, 0s), 1U);
  EXPECT_EQ(say(there, 1s), 1U);
  EXPECT_EQ(say(here, 10s), 1U);
  EXPECT_EQ(say(there, 10s), 0U);
}

}  // namespace
}  // namespace indrik::worker
