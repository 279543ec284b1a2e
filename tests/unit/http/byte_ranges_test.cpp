#include "http/byte_ranges.h"

#include <gtest/gtest.h>

#include <string>

namespace indrik::http {
namespace {

using Ranges = std::vector<ByteRange>;

TEST(ByteRangesTest, ReadsEachForm) {
  EXPECT_EQ(parse_byte_ranges("bytes=0-0", 1000), (Ranges{{0, 1}}));
  EXPECT_EQ(parse_byte_ranges("bytes=10-19", 1000), (Ranges{{10, 10}}));
  EXPECT_EQ(parse_byte_ranges("bytes=10-", 1000), (Ranges{{10, 990}}));
  EXPECT_EQ(parse_byte_ranges("bytes=-10", 1000), (Ranges{{990, 10}}));
  EXPECT_EQ(parse_byte_ranges("BYTES=999-", 1000), (Ranges{{999, 1}})) << "RFC 9110 14.1: unit names have no case";
}

TEST(ByteRangesTest, CutsWhatGoesBeyondTheEnd) {
  EXPECT_EQ(parse_byte_ranges("bytes=990-2000", 1000), (Ranges{{990, 10}}));
  EXPECT_EQ(parse_byte_ranges("bytes=-2000", 1000), (Ranges{{0, 1000}}));
  EXPECT_EQ(parse_byte_ranges("bytes=1-99999999999999999999999", 1000), (Ranges{{1, 999}}));
  EXPECT_EQ(parse_byte_ranges("bytes=-99999999999999999999999", 1000), (Ranges{{0, 1000}}));
}

TEST(ByteRangesTest, FindsNothingToSatisfy) {
  EXPECT_EQ(parse_byte_ranges("bytes=1000-", 1000), Ranges{});
  EXPECT_EQ(parse_byte_ranges("bytes=1000-2000,5000-", 1000), Ranges{});
  EXPECT_EQ(parse_byte_ranges("bytes=-0", 1000), Ranges{});
  EXPECT_EQ(parse_byte_ranges("bytes=18446744073709551615-", 1000), Ranges{});
  EXPECT_EQ(parse_byte_ranges("bytes=99999999999999999999999-", 1000), Ranges{});
}

TEST(ByteRangesTest, LeavesOutWhatCannotBeSatisfiedBesideWhatCan) {
  EXPECT_EQ(parse_byte_ranges("bytes=5000-,10-19,-0", 1000), (Ranges{{10, 10}}));
}

TEST(ByteRangesTest, IgnoresWhatIsNoRange) {  // RFC 9110 14.2: an invalid ranges-specifier is as good as none
  for (const auto* value :
       {"",          "bytes",       "bytes=",     "bytes=,",   "bytes=-",    "bytes=a-",   "bytes=1-b",     "bytes=2-1",
        "bytes=1",   "bytes=1-2-3", "bytes=+1-2", "bytes=-+1", "bytes=1 -2", "bytes=0x1-", "bytes=1-2;3-4", "bytes 1-2",
        "lines=1-2", "bytes=1-2,x", "byte=1-2",   "none",      "=1-2",       "bytes==1-2", "bytes=--1"})
    EXPECT_EQ(parse_byte_ranges(value, 1000), std::nullopt) << value;
}

TEST(ByteRangesTest, IgnoresRangesOfAnEmptyFile) {
  EXPECT_EQ(parse_byte_ranges("bytes=0-", 0), std::nullopt);
  EXPECT_EQ(parse_byte_ranges("bytes=-5", 0), std::nullopt);
}

TEST(ByteRangesTest, KeepsTheOrderOfRangesThatLieApart) {
  EXPECT_EQ(parse_byte_ranges("bytes= 900-909 ,, 0-9\t,\t-1", 1000), (Ranges{{900, 10}, {0, 10}, {999, 1}}));
}

TEST(ByteRangesTest, JoinsRangesThatOverlapOrNearlyTouch) {
  EXPECT_EQ(parse_byte_ranges("bytes=0-9,5-19", 1000), (Ranges{{0, 20}}));
  EXPECT_EQ(parse_byte_ranges("bytes=500-509,0-9,10-19", 1000), (Ranges{{0, 20}, {500, 10}}));
  EXPECT_EQ(parse_byte_ranges("bytes=0-9,90-99", 1000), (Ranges{{0, 100}})) << "a gap of 80 bytes costs no more";
  EXPECT_EQ(parse_byte_ranges("bytes=0-9,91-99", 1000), (Ranges{{0, 10}, {91, 9}}));
  EXPECT_EQ(parse_byte_ranges("bytes=0-,-1", 1000), (Ranges{{0, 1000}}));
}

TEST(ByteRangesTest, NeverGivesMoreThanThereIs) {  // CVE-2011-3192
  EXPECT_EQ(parse_byte_ranges("bytes=0-,0-,0-,0-,0-", 1000), (Ranges{{0, 1000}}));
  EXPECT_EQ(parse_byte_ranges("bytes=0-,5-0,5-1,5-2", 1000), std::nullopt) << "as the attack had it";
  EXPECT_EQ(parse_byte_ranges("bytes=0-,5-5,5-6,5-7,5-8", 1000), (Ranges{{0, 1000}}));
}

TEST(ByteRangesTest, IgnoresTooMany) {
  std::string value = "bytes=0-0";
  for (std::size_t i = 1; i < kMaxRanges; ++i) value += "," + std::to_string(i * 1000) + "-" + std::to_string(i * 1000);
  EXPECT_EQ(parse_byte_ranges(value, 100'000)->size(), kMaxRanges);
  EXPECT_EQ(parse_byte_ranges(value + ",99999-", 100'000), std::nullopt);
}

TEST(ByteRangesTest, CountsBeyondFourGibibytes) {
  constexpr std::uint64_t kTotal = std::uint64_t{5} << 30;
  EXPECT_EQ(parse_byte_ranges("bytes=5368709119-", kTotal), (Ranges{{kTotal - 1, 1}}));
  EXPECT_EQ(content_range({kTotal - 1, 1}, kTotal), "bytes 5368709119-5368709119/5368709120");
}

TEST(ByteRangesTest, SaysWhichPartOfHowMuch) {
  EXPECT_EQ(content_range({0, 100}, 1000), "bytes 0-99/1000");
  EXPECT_EQ(unsatisfied_range(1000), "bytes */1000");
}

}  // namespace
}  // namespace indrik::http
