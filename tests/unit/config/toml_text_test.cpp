#include "config/toml_text.h"

#include <gtest/gtest.h>

#include <limits>

#include "config/toml_nesting.h"

namespace indrik::config {
namespace {

TEST(TomlTextTest, EscapesWhatABasicStringMayNotHold) {
  EXPECT_EQ(toml_string("plain"), "\"plain\"");
  EXPECT_EQ(toml_string("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(toml_string("a\nb\x7f"), R"("a\u000Ab\u007F")");
  EXPECT_EQ(toml_string("\xc3\xa4"), "\"\xc3\xa4\"");  // UTF-8 stays
}

TEST(TomlTextTest, QuotesKeysThatAreNotBare) {
  EXPECT_EQ(toml_key("delay_ms"), "delay_ms");
  EXPECT_EQ(toml_key("pool.max-size"), "pool.max-size");
  EXPECT_EQ(toml_key("a b.c"), "\"a b\".c");
  EXPECT_EQ(toml_key("a.b\nc"), "a.\"b\\u000Ac\"");
}

TEST(TomlTextTest, KeepsTheTypeOfANumber) {
  EXPECT_EQ(toml_value(std::int64_t{1}), "1");
  EXPECT_EQ(toml_value(1.0), "1.0");
  EXPECT_EQ(toml_value(0.1), "0.1");
  EXPECT_EQ(toml_value(true), "true");
  EXPECT_EQ(toml_value(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(toml_value(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(TomlNestingTest, AcceptsWhatAPersonWouldWrite) {
  EXPECT_EQ(first_line_nested_too_deeply("[[app]]\n[app.config]\na.b.c = [[1, 2], {x = 1.5}]\n"), 0);
}

TEST(TomlNestingTest, FindsBracketsThatNestTooDeeply) {
  EXPECT_EQ(first_line_nested_too_deeply("a = 1\nb = " + std::string(32, '[')), 0);
  EXPECT_EQ(first_line_nested_too_deeply("a = 1\nb = " + std::string(33, '[')), 2);
  std::string lines = "a = ";
  for (int i = 0; i < 40; ++i) lines += "[\n";
  EXPECT_EQ(first_line_nested_too_deeply(lines), 33);
}

TEST(TomlNestingTest, FindsKeysOfTooManyParts) {
  std::string key = "a";
  for (int i = 0; i < 32; ++i) key += ".a";
  EXPECT_EQ(first_line_nested_too_deeply(key + " = 1"), 1);
}

TEST(TomlNestingTest, DoesNotCountInsideStringsAndComments) {
  const std::string many(100, '[');
  EXPECT_EQ(first_line_nested_too_deeply("a = \"" + many + "\\\"" + many + "\""), 0);
  EXPECT_EQ(first_line_nested_too_deeply("a = '" + many + "'"), 0);
  EXPECT_EQ(first_line_nested_too_deeply("# " + many), 0);
  EXPECT_EQ(first_line_nested_too_deeply("a = \"\"\"\n\"" + many + "\n\"\"\"\nb = 1"), 0);
}

TEST(TomlNestingTest, CountsLinesInsideStrings) {
  EXPECT_EQ(first_line_nested_too_deeply("a = '''\n\n'''\nb = " + std::string(33, '{')), 4);
}

TEST(TomlNestingTest, GetsOverAStringThatNeverEnds) {
  EXPECT_EQ(first_line_nested_too_deeply("a = \"\\"), 0);
  EXPECT_EQ(first_line_nested_too_deeply("a = \"x\nb = " + std::string(33, '[')), 2);
  EXPECT_EQ(first_line_nested_too_deeply("a = \"\"\"x"), 0);
}

}  // namespace
}  // namespace indrik::config
