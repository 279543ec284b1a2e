#include "http/http_date.h"

#include <gtest/gtest.h>

#include <limits>

namespace indrik::http {
namespace {

TEST(HttpDateTest, WritesTheExampleOfTheStandard) {
  EXPECT_EQ(HttpDate{784111777}.text(), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 5.6.7
}

TEST(HttpDateTest, KnowsTheCalendar) {
  EXPECT_EQ(HttpDate{0}.text(), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(HttpDate{-1}.text(), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(HttpDate{951782400}.text(), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(HttpDate{4107542400}.text(), "Mon, 01 Mar 2100 00:00:00 GMT");  // 2100 is no leap year
}

TEST(HttpDateTest, StaysWithinFourDigitsOfYears) {
  EXPECT_EQ(HttpDate{std::numeric_limits<std::time_t>::max()}.text(), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(HttpDate{std::numeric_limits<std::time_t>::min()}.text(), "Sat, 01 Jan 0000 00:00:00 GMT");
}

}  // namespace
}  // namespace indrik::http
