#include "http/http_date.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

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

constexpr std::time_t kExample = 784111777;
constexpr std::time_t kNow = 1'792'000'000;  // October 2026

TEST(HttpDateTest, ReadsAllThreeForms) {  // RFC 9110 5.6.7
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", kNow), kExample);
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", kNow), kExample + 10 * 86400);
}

TEST(HttpDateTest, ReadsWhatItWrites) {
  for (const std::time_t time : {std::time_t{0}, std::time_t{-1}, std::time_t{951782400}, std::time_t{253402300799}})
    EXPECT_EQ(parse_http_date(HttpDate{time}.text(), kNow), time);
}

TEST(HttpDateTest, TakesYearsOfTwoDigitsForTheNearestThatIsNotFarInTheFuture) {
  const auto year = [](const char* digits) {
    const auto time = parse_http_date(std::string{"Sunday, 06-Nov-"} + digits + " 08:49:37 GMT", kNow);
    return std::string{HttpDate{*time}.text().substr(12, 4)};
  };
  EXPECT_EQ(year("26"), "2026");
  EXPECT_EQ(year("76"), "2076");
  EXPECT_EQ(year("77"), "1977");
  EXPECT_EQ(year("99"), "1999");
  EXPECT_EQ(year("00"), "2000");
}

TEST(HttpDateTest, RefusesWhatIsNoDate) {
  for (const auto* text : {"",
                           "Sun",
                           "Sun,",
                           "Sun, ",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           " Sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun, 31 Feb 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, +6 Nov 1994 08:49:37 GMT",
                           "Sun, -6 Nov 1994 08:49:37 GMT",
                           "Son, 06 Nov 1994 08:49:37 GMT",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov  6 08:49:37 1994 GMT",
                           "1994-11-06T08:49:37Z",
                           "784111777"})
    EXPECT_EQ(parse_http_date(text, kNow), std::nullopt) << text;
}

TEST(HttpDateTest, ToleratesALeapSecond) {
  EXPECT_EQ(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", kNow), 1483228800);
}

}  // namespace
}  // namespace indrik::http
