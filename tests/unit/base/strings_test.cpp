#include "base/strings.h"

#include <gtest/gtest.h>

#include <array>

namespace indrik {
namespace {

TEST(StringsTest, ComparesAsciiWithoutCase) {
  EXPECT_TRUE(equals_ignoring_case("Keep-Alive", "keep-alive"));
  EXPECT_FALSE(equals_ignoring_case("close", "closed"));
  EXPECT_FALSE(equals_ignoring_case("\xc4", "\xe4"));  // no locale: RFC 9110 names are ASCII
}

TEST(StringsTest, TrimsSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim("a\n"), "a\n");
}

TEST(StringsTest, SplitsAndKeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
}

TEST(StringsTest, ParsesWholeNumbersOnly) {
  EXPECT_EQ(parse_number<int>("42"), 42);
  EXPECT_EQ(parse_number<int>("-1"), -1);
  EXPECT_EQ(parse_number<unsigned>("-1"), std::nullopt);
  EXPECT_EQ(parse_number<int>("+1"), std::nullopt);
  EXPECT_EQ(parse_number<int>("4 2"), std::nullopt);
  EXPECT_EQ(parse_number<int>(""), std::nullopt);
  EXPECT_EQ(parse_number<std::uint8_t>("256"), std::nullopt);
}

TEST(StringsTest, FindsTheNearestName) {
  constexpr std::array<std::string_view, 3> names{"workers", "worker_class", "timeout"};
  EXPECT_EQ(nearest("wokers", names), "workers");
  EXPECT_EQ(nearest("worker-class", names), "worker_class");
  EXPECT_EQ(nearest("TIMEOUT", names), "timeout");
  EXPECT_EQ(nearest("completely_different", names), "");
}

TEST(StringsTest, EscapesWhatCouldForgeALogLine) {
  EXPECT_EQ(escaped("a\r\nb\"c\\d\xff"), "a\\x0d\\x0ab\\\"c\\\\d\\xff");
}

}  // namespace
}  // namespace indrik
