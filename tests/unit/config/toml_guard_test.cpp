#include "config/toml_guard.h"

#include <gtest/gtest.h>

#include <string>

namespace indrik::config {
namespace {

/// 0: there is none.
int line_of_hazard(std::string_view text) {
  const auto hazard = find_hazard(text);
  return hazard ? hazard->line : 0;
}

TEST(TomlGuardTest, AcceptsWhatAPersonWouldWrite) {
  EXPECT_EQ(line_of_hazard("[[app]]\n[app.config]\na.b.c = [[1, 2], {x = 1.5}]\n"), 0);
}

TEST(TomlGuardTest, FindsBracketsThatNestTooDeeply) {
  EXPECT_EQ(line_of_hazard("a = 1\nb = " + std::string(32, '[')), 0);
  EXPECT_EQ(line_of_hazard("a = 1\nb = " + std::string(33, '[')), 2);
  std::string lines = "a = ";
  for (int i = 0; i < 40; ++i) lines += "[\n";
  EXPECT_EQ(line_of_hazard(lines), 33);
}

TEST(TomlGuardTest, FindsKeysOfTooManyParts) {
  std::string key = "a";
  for (int i = 0; i < 32; ++i) key += ".a";
  EXPECT_EQ(line_of_hazard(key + " = 1"), 1);
}

TEST(TomlGuardTest, DoesNotCountInsideStringsAndComments) {
  const std::string many(100, '[');
  EXPECT_EQ(line_of_hazard("a = \"" + many + "\\\"" + many + "\""), 0);
  EXPECT_EQ(line_of_hazard("a = '" + many + "'"), 0);
  EXPECT_EQ(line_of_hazard("# " + many), 0);
  EXPECT_EQ(line_of_hazard("a = \"\"\"\n\"" + many + "\n\"\"\"\nb = 1"), 0);
}

TEST(TomlGuardTest, CountsTheLinesOfStrings) {
  EXPECT_EQ(line_of_hazard("a = '''\n\n'''\nb = " + std::string(33, '{')), 4);
}

TEST(TomlGuardTest, GetsOverAStringThatNeverEnds) {
  EXPECT_EQ(line_of_hazard("a = \"\\"), 0);
  EXPECT_EQ(line_of_hazard("a = \"x\nb = " + std::string(33, '[')), 2);
  EXPECT_EQ(line_of_hazard("a = \"\"\"x"), 0);
}

TEST(TomlGuardTest, FindsBytesThatAreNoUtf8) {
  for (const std::string bytes :
       {"\xff", "\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"}) {
    EXPECT_EQ(line_of_hazard("a = 1\nb = '" + bytes), 2);
    EXPECT_EQ(line_of_hazard("a = 1\n# " + bytes + "\n"), 2);
  }
}

TEST(TomlGuardTest, AcceptsEveryLengthOfUtf8) {
  EXPECT_EQ(line_of_hazard("a = \"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80"
                           "\xf4\x8f\xbf\xbf\""),
            0);
}

TEST(TomlGuardTest, FindsLongBinaryNumbers) {
  const std::string digits(62, '1');
  EXPECT_EQ(line_of_hazard("a = 0b" + digits), 0);
  EXPECT_EQ(line_of_hazard("a = 1\nb = 0b" + digits + "_0"), 2);
  EXPECT_EQ(line_of_hazard("a = \"0b" + digits + "00\""), 0);
}

}  // namespace
}  // namespace indrik::config
