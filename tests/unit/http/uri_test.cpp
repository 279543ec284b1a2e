#include "http/uri.h"

#include <gtest/gtest.h>

namespace indrik::http {
namespace {

TEST(UriTest, DecodesEscapes) {
  EXPECT_EQ(percent_decode("/a%20b%2Fc%2fd"), "/a b/c/d");
  EXPECT_EQ(percent_decode("a+b"), "a+b");  // a plus is a plus outside of queries
  EXPECT_EQ(percent_decode("%C3%A9"), "\xC3\xA9");
  EXPECT_EQ(percent_decode(""), "");
}

TEST(UriTest, RefusesMalformedEscapesAndNul) {
  for (const auto* text : {"%", "a%", "%4", "%g1", "%1g", "%%41", "%-1", "%00", "a%00b"})
    EXPECT_EQ(percent_decode(text), std::nullopt) << text;
}

TEST(UriTest, LeavesItsTargetAloneWhenItRefuses) {
  std::string out = "before";
  EXPECT_FALSE(percent_decode("abc%zz", out));
  EXPECT_EQ(out, "before");
  EXPECT_TRUE(percent_decode("%21", out));
  EXPECT_EQ(out, "before!");
}

TEST(UriTest, FindsTheFirstParameterOfAQuery) {
  EXPECT_EQ(query_parameter("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(query_parameter("a=1&b=2", "b"), "2");
  EXPECT_EQ(query_parameter("a=1&b=2", "c"), std::nullopt);
  EXPECT_EQ(query_parameter("", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("aa=1", "a"), std::nullopt);
}

TEST(UriTest, DecodesNamesAndValuesOfAQuery) {
  EXPECT_EQ(query_parameter("q=a+b%26c%3d+", "q"), "a b&c= ");
  EXPECT_EQ(query_parameter("full+name=x", "full name"), "x");
  EXPECT_EQ(query_parameter("a%3Db=1=2", "a=b"), "1=2");
}

TEST(UriTest, KeepsMalformedEscapesOfAQuery) {
  EXPECT_EQ(query_parameter("a=100%", "a"), "100%");
  EXPECT_EQ(query_parameter("a=%zz%4", "a"), "%zz%4");
}

TEST(UriTest, FindsParametersWithoutValueOrName) {
  EXPECT_EQ(query_parameter("a&b=", "a"), "");
  EXPECT_EQ(query_parameter("a&b=", "b"), "");
  EXPECT_EQ(query_parameter("&&=1", ""), "1");
  EXPECT_EQ(query_parameter("&&", ""), std::nullopt);
}

}  // namespace
}  // namespace indrik::http
