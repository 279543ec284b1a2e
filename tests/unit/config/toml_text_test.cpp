#include "config/toml_text.h"

#include <gtest/gtest.h>

#include <limits>

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

}  // namespace
}  // namespace indrik::config
