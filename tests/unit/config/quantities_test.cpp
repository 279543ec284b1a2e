#include "config/quantities.h"

#include <gtest/gtest.h>

#include <limits>

namespace indrik::config {
namespace {

using namespace std::chrono_literals;

TEST(DurationTest, IsReadInEachUnit) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1h"), 1h);
}

TEST(DurationTest, IsSecondsWithoutUnit) {
  EXPECT_EQ(parse_duration("30"), 30s);
  EXPECT_EQ(parse_duration("0.25"), 250ms);
  EXPECT_EQ(parse_duration("0"), 0ms);
}

TEST(DurationTest, MayHaveAFraction) { EXPECT_EQ(parse_duration("1.5m"), 90s); }

TEST(DurationTest, RefusesWhatIsNoDuration) {
  for (const auto* text :
       {"", "s", "ms", "-1s", "+1s", "1 s", " 1s", "1d", "inf", "nan", "1e3", "1.", ".5", "0x10", "1s1s"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(DurationTest, RefusesWhatWouldRoundToOff) {
  EXPECT_EQ(parse_duration("0.1ms"), std::nullopt);
  EXPECT_EQ(duration_of_seconds(0.0001), std::nullopt);
}

TEST(DurationTest, RefusesMoreThanAYearAndNoNumber) {
  EXPECT_EQ(parse_duration("99999999999999999999h"), std::nullopt);
  EXPECT_EQ(duration_of_seconds(1e18), std::nullopt);
  EXPECT_EQ(duration_of_seconds(-1), std::nullopt);
  EXPECT_EQ(duration_of_seconds(std::numeric_limits<double>::quiet_NaN()), std::nullopt);
}

TEST(DurationTest, IsPrintedInTheLargestExactUnit) {
  EXPECT_EQ(format_duration(0ms), "0s");
  EXPECT_EQ(format_duration(250ms), "250ms");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(2h), "2h");
}

TEST(BytesTest, AreReadInEachUnit) {
  EXPECT_EQ(parse_bytes("0"), 0);
  EXPECT_EQ(parse_bytes("4094"), 4094);
  EXPECT_EQ(parse_bytes("512B"), 512);
  EXPECT_EQ(parse_bytes("64KiB"), 65536);
  EXPECT_EQ(parse_bytes("1MiB"), 1048576);
  EXPECT_EQ(parse_bytes("2GiB"), 2147483648);
}

TEST(BytesTest, RefuseWhatIsNoSize) {
  for (const auto* text : {"", "KiB", "-1", "-1KiB", "1.5MiB", "1 KiB", "1kb", "1KB", "1k", "0x10"})
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
}

TEST(BytesTest, RefuseWhatNoNumberHolds) {
  EXPECT_EQ(parse_bytes("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_bytes("9223372036854775808"), std::nullopt);
  EXPECT_EQ(parse_bytes("9007199254740993KiB"), std::nullopt);
  EXPECT_EQ(parse_bytes("8589934592GiB"), std::nullopt);
}

TEST(BytesTest, ArePrintedInTheLargestExactUnit) {
  EXPECT_EQ(format_bytes(0), "0");
  EXPECT_EQ(format_bytes(4094), "4094");
  EXPECT_EQ(format_bytes(1536), "1536");
  EXPECT_EQ(format_bytes(65536), "64KiB");
  EXPECT_EQ(format_bytes(1048576), "1MiB");
  EXPECT_EQ(format_bytes(std::int64_t{4} << 30), "4GiB");
}

}  // namespace
}  // namespace indrik::config
