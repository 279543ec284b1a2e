#include "config/setting_value.h"

#include <gtest/gtest.h>

namespace indrik::config {
namespace {

using namespace std::chrono_literals;

Result<void> assign_typed(std::string_view key, Value value, Settings& settings) {
  return assign(*find_setting(key), {std::string{key}, std::move(value), "", "a.toml:1", true}, settings);
}

Result<void> assign_text(std::string_view key, std::string text, Settings& settings) {
  return assign(*find_setting(key), {std::string{key}, std::move(text), "", "flag", false}, settings);
}

TEST(SettingValueTest, TakesANumberInQuotesFromTextsOnly) {
  Settings settings;
  EXPECT_TRUE(assign_text("workers", "4", settings));
  EXPECT_EQ(settings.workers, WorkerCount{4});
  EXPECT_FALSE(assign_typed("workers", std::string{"5"}, settings));
  EXPECT_EQ(settings.workers, WorkerCount{4});
}

TEST(SettingValueTest, TakesBothEndsOfARange) {
  Settings settings;
  EXPECT_TRUE(assign_typed("worker_connections", std::int64_t{1}, settings));
  EXPECT_TRUE(assign_typed("worker_connections", std::int64_t{1'000'000}, settings));
  EXPECT_FALSE(assign_typed("worker_connections", std::int64_t{0}, settings));
  EXPECT_FALSE(assign_typed("worker_connections", std::int64_t{1'000'001}, settings));
  EXPECT_EQ(settings.worker_connections, 1'000'000);
}

TEST(SettingValueTest, ReadsNumbersAsSeconds) {
  Settings settings;
  EXPECT_TRUE(assign_typed("timeout", std::int64_t{5}, settings));
  EXPECT_EQ(settings.timeout, 5s);
  EXPECT_TRUE(assign_typed("timeout", 0.25, settings));
  EXPECT_EQ(settings.timeout, 250ms);
  EXPECT_TRUE(assign_typed("timeout", std::string{"2m"}, settings));
  EXPECT_EQ(settings.timeout, 2min);
}

TEST(SettingValueTest, TakesZeroOnlyWhereItMeansSomething) {
  Settings settings;
  EXPECT_TRUE(assign_text("timeout", "0", settings));
  EXPECT_TRUE(assign_text("max_body_size", "0", settings));
  EXPECT_FALSE(assign_text("head_timeout", "0", settings));
  EXPECT_FALSE(assign_text("keep_alive", "0", settings));
}

TEST(SettingValueTest, ReadsSizesWithAndWithoutUnit) {
  Settings settings;
  EXPECT_TRUE(assign_typed("max_body_size", std::int64_t{5000}, settings));
  EXPECT_EQ(settings.max_body_size, 5000U);
  EXPECT_TRUE(assign_typed("max_body_size", std::string{"64KiB"}, settings));
  EXPECT_EQ(settings.max_body_size, 65536U);
  EXPECT_TRUE(assign_text("max_body_size", "2MiB", settings));
  EXPECT_EQ(settings.max_body_size, 2U << 20);
}

TEST(SettingValueTest, ReadsModesAsOctalTexts) {
  Settings settings;
  EXPECT_TRUE(assign_text("unix_socket_mode", "666", settings));
  EXPECT_EQ(settings.unix_socket_mode, 0666U);
  EXPECT_FALSE(assign_typed("unix_socket_mode", std::int64_t{666}, settings));  // octal or decimal? nobody knows
}

TEST(SettingValueTest, TakesOneTextForAList) {
  Settings settings;
  EXPECT_TRUE(assign_typed("bind", std::string{"unix:/a"}, settings));
  EXPECT_EQ(settings.bind, std::vector<std::string>{"unix:/a"});
}

TEST(SettingValueTest, NamesTheNearestOfTheNamedValues) {
  Settings settings;
  EXPECT_EQ(assign_text("worker_class", "gren", settings).error().text(),
            "one of \"sync\", \"event\", \"green\"; did you mean \"green\"?");
  EXPECT_EQ(assign_text("worker_class", "gthread", settings).error().text(), "one of \"sync\", \"event\", \"green\"");
}

TEST(SettingValueTest, SaysWhatIsAccepted) {
  EXPECT_EQ(accepted(*find_setting("workers")), "a number from 1 to 1024, or \"auto\"");
  EXPECT_EQ(accepted(*find_setting("timeout")),
            "seconds, or a time like \"250ms\", \"30s\" or \"2m\", from 100ms to 1h, or 0");
  EXPECT_EQ(accepted(*find_setting("fiber_stack_size")),
            "bytes, or a size like \"64KiB\" or \"1MiB\", from 16KiB to 64MiB");
  EXPECT_EQ(accepted(*find_setting("unix_socket_mode")), "an octal text from \"0000\" to \"0777\"");
}

TEST(SettingValueTest, RefusesControlCharacters) {  // the answer's head would be split
  Settings settings;
  EXPECT_FALSE(assign_text("server_header", "a\r\nSet-Cookie: b", settings));
  EXPECT_FALSE(assign_typed("pid", std::string{"a\0b", 3}, settings));
}

}  // namespace
}  // namespace indrik::config
