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

TEST(TomlGuardTest, FindsLongBinaryNumbers) {
  const std::string digits(62, '1');
  EXPECT_EQ(line_of_hazard("a = 0b" + digits), 0);
  EXPECT_EQ(line_of_hazard("a = 1\nb = 0b" + digits + "_0"), 2);
  EXPECT_EQ(line_of_hazard("a = \"0b" + digits + "00\""), 0);
}

}  // namespace
}  // namespace indrik::config
