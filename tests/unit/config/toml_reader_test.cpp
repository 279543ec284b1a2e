#include "config/toml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indrik::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> mistakes_of(std::string_view text) {
  std::vector<std::string> texts;
  for (const auto& mistake : read_toml(text, "a.toml").mistakes) texts.push_back(mistake.text);
  return texts;
}

TEST(TomlReaderTest, ReadsSettingsWithTheirLines) {
  const auto reading = read_toml("# one\nworkers = 4\n\nbind = [\"a\",\n \"b\"]\n", "a.toml");
  ASSERT_EQ(reading.settings.size(), 2U);
  EXPECT_EQ(reading.settings[0].written.key, "workers");
  EXPECT_EQ(reading.settings[0].written.value, Value{std::int64_t{4}});
  EXPECT_EQ(reading.settings[0].written.origin, "a.toml:2");
  EXPECT_EQ(reading.settings[1].written.origin, "a.toml:4");
  EXPECT_EQ(reading.settings[1].written.value, (Value{std::vector<std::string>{"a", "b"}}));
}

TEST(TomlReaderTest, MarksItsValuesAsTyped) {
  EXPECT_TRUE(read_toml("workers = 4", "a.toml").settings.at(0).written.typed);
}

TEST(TomlReaderTest, GivesNoValueForWhatNoSettingTakes) {
  for (const auto* text : {"a = [1, 2]", "a = [\"x\", 1]", "a = {b = 1}", "a = 2026-11-21"}) {
    const auto reading = read_toml(text, "a.toml");
    ASSERT_EQ(reading.settings.size(), 1U) << text;
    EXPECT_EQ(reading.settings[0].written.value, std::nullopt) << text;
  }
}

TEST(TomlReaderTest, KeepsValuesAsWrittenForMessages) {
  const auto as_written = [](const char* text) { return read_toml(text, "").settings.at(0).written.as_written; };
  EXPECT_EQ(as_written("a = \"x\\ny\""), R"("x\u000Ay")");
  EXPECT_EQ(as_written("a = [1,\n [true]]"), "[1, [true]]");
  EXPECT_EQ(as_written("a = {b = 1}"), "a table");
  EXPECT_EQ(as_written("a = 2026-11-21"), "2026-11-21");
  EXPECT_THAT(as_written(("a = '" + std::string(1000, 'x') + "'").c_str()), testing::SizeIs(testing::Lt(100)));
}

TEST(TomlReaderTest, ReadsAnEmptyFileAndAByteOrderMark) {
  EXPECT_THAT(mistakes_of(""), IsEmpty());
  EXPECT_EQ(read_toml("\xef\xbb\xbfworkers = 1", "a.toml").settings.size(), 1U);
}

TEST(TomlReaderTest, ReadsAppsInTheirOrder) {
  const auto reading = read_toml("[[app]]\nplugin = \"b.so\"\nmount = \"/b\"\n[[app]]\nplugin = \"a.so\"\n", "a.toml");
  EXPECT_THAT(reading.mistakes, IsEmpty());
  ASSERT_EQ(reading.apps.size(), 2U);
  EXPECT_EQ(reading.apps[0].plugin, "b.so");
  EXPECT_EQ(reading.apps[0].mount, "/b");
  EXPECT_EQ(reading.apps[0].origin, "a.toml:1");
  EXPECT_FALSE(reading.apps[0].from_command_line);
  EXPECT_EQ(reading.apps[1].plugin, "a.so");
  EXPECT_EQ(reading.apps[1].mount, "/");
}

TEST(TomlReaderTest, FlattensTheTablesOfAPluginsConfiguration) {
  const auto reading = read_toml(
      "[[app]]\nplugin = \"a.so\"\n[app.config]\ndelay_ms = 100\nratio = 0.5\non = true\nname = \"n\"\n"
      "pool.size = 5\n[app.config.pool.dns]\nhosts = [\"a\", \"b\"]\nsince = 2026-11-21\n",
      "a.toml");
  EXPECT_THAT(reading.mistakes, IsEmpty());
  EXPECT_THAT(
      reading.apps.at(0).config,
      ElementsAre(PluginSetting{"delay_ms", std::int64_t{100}, "a.toml:4"},
                  PluginSetting{"name", std::string{"n"}, "a.toml:7"}, PluginSetting{"on", true, "a.toml:6"},
                  PluginSetting{"pool.dns.hosts", std::vector<std::string>{"a", "b"}, "a.toml:10"},
                  PluginSetting{"pool.dns.since", std::string{"2026-11-21"}, "a.toml:11"},
                  PluginSetting{"pool.size", std::int64_t{5}, "a.toml:8"}, PluginSetting{"ratio", 0.5, "a.toml:5"}));
}

TEST(TomlReaderTest, TurnsNumbersInAPluginsArrayIntoTexts) {
  const auto reading =
      read_toml("[[app]]\nplugin = \"a.so\"\nconfig = {ports = [1, 2], on = [true], f = [0.5]}", "a.toml");
  EXPECT_THAT(reading.apps.at(0).config,
              ElementsAre(PluginSetting{"f", std::vector<std::string>{"0.5"}, "a.toml:3"},
                          PluginSetting{"on", std::vector<std::string>{"true"}, "a.toml:3"},
                          PluginSetting{"ports", std::vector<std::string>{"1", "2"}, "a.toml:3"}));
}

TEST(TomlReaderTest, RefusesArraysOfArraysAndTablesInAPluginsConfiguration) {
  EXPECT_THAT(mistakes_of("[[app]]\nplugin = \"a.so\"\n[app.config]\nx.y = [[1]]\n[[app.config.z]]\na = 1\n"),
              ElementsAre("a.toml:4: x.y: an array for a plugin holds texts, numbers, booleans and dates only",
                          "a.toml:5: z: an array for a plugin holds texts, numbers, booleans and dates only"));
}

TEST(TomlReaderTest, RefusesAPluginsKeyWithADotInIt) {  // it would be the same as a nested one
  EXPECT_THAT(mistakes_of("[[app]]\nplugin = \"a.so\"\n[app.config]\n\"a.b\" = 1\n"),
              ElementsAre("a.toml:4: key \"a.b\": a name with a dot; nested tables are written without quotes"));
}

TEST(TomlReaderTest, RefusesAnAppWithoutPlugin) {
  EXPECT_THAT(mistakes_of("\n[[app]]\nmount = \"/\"\n"),
              ElementsAre("a.toml:2: [[app]] names no plugin; add plugin = \"NAME.so\""));
}

TEST(TomlReaderTest, SaysNothingAboutAMissingPluginWhereItsValueIsWrong) {
  EXPECT_THAT(mistakes_of("[[app]]\nplugin = 5\n"), ElementsAre("a.toml:2: plugin = 5: a plugin's file name or path"));
  EXPECT_THAT(mistakes_of("[[app]]\nplugin = \"\"\n"),
              ElementsAre("a.toml:2: plugin = \"\": a plugin's file name or path"));
  EXPECT_THAT(mistakes_of("[[app]]\nplugin = \"a\\u0000b\"\n"),
              ElementsAre("a.toml:2: plugin = \"a\\u0000b\": a plugin's file name or path"));
}

TEST(TomlReaderTest, RefusesAMountWithoutSlash) {
  EXPECT_THAT(mistakes_of("[[app]]\nplugin = \"a.so\"\nmount = \"api\"\n"),
              ElementsAre("a.toml:3: mount = \"api\": a path that begins with \"/\""));
}

TEST(TomlReaderTest, NamesTheNearestKeyInAnApp) {
  EXPECT_THAT(mistakes_of("[[app]]\nplugin = \"a.so\"\nmonut = \"/\"\n"),
              ElementsAre("a.toml:3: unknown key \"monut\" in [[app]]; did you mean \"mount\"?"));
}

TEST(TomlReaderTest, SaysWhereAPluginsOwnKeysGo) {
  EXPECT_THAT(mistakes_of("[[app]]\nplugin = \"a.so\"\ndelay_ms = 1\n"),
              ElementsAre("a.toml:3: unknown key \"delay_ms\" in [[app]] (a plugin's own go to [app.config])"));
}

TEST(TomlReaderTest, RefusesAnAppThatIsNoArrayOfTables) {
  const auto* sentence = "a.toml:1: app: write [[app]], with two brackets on each side, once a plugin";
  EXPECT_THAT(mistakes_of("[app]\nplugin = \"a.so\"\n"), ElementsAre(sentence));
  EXPECT_THAT(mistakes_of("app = 5\n"), ElementsAre(sentence));
  EXPECT_THAT(mistakes_of("app = [1]\n"), ElementsAre(sentence));
}

TEST(TomlReaderTest, RefusesAConfigThatIsNoTable) {
  EXPECT_THAT(mistakes_of("[[app]]\nplugin = \"a.so\"\nconfig = 5\n"),
              ElementsAre("a.toml:3: config: write [app.config] and the plugin's keys below it"));
}

TEST(TomlReaderTest, GivesASyntaxErrorInOneLineWithItsPlace) {
  EXPECT_THAT(mistakes_of("a = 1\nb = \n"),
              ElementsAre("a.toml:2: missing value after key-value separator '=' (expected value, but got nothing)"));
  for (const auto* text : {"a", "a = \"x", "[a", "= 1", "a = 1 b = 2", "a = 0660", "a = {b = 1", "a = @"}) {
    const auto mistakes = mistakes_of(text);
    ASSERT_EQ(mistakes.size(), 1U) << text;
    EXPECT_THAT(mistakes[0], StartsWith("a.toml:1: "));
    EXPECT_EQ(mistakes[0].find('\n'), std::string::npos) << mistakes[0];
    EXPECT_EQ(mistakes[0].find("toml::"), std::string::npos) << mistakes[0];
  }
}

TEST(TomlReaderTest, RefusesAKeyThatIsGivenTwice) {
  EXPECT_THAT(mistakes_of("workers = 1\nworkers = 2\n"),
              ElementsAre("a.toml:2: value (\"workers\") already exists. (value defined twice)"));
}

TEST(TomlReaderTest, RefusesNumbersThatFitNoType) {  // the library would quietly take another number
  for (const std::string number :
       {"9223372036854775808", "-9223372036854775809", "0x8000000000000000", "0o1000000000000000000000"})
    EXPECT_THAT(mistakes_of("\n[a]\nb = [" + number + "]"), ElementsAre("a.toml:3: a number that 64 bits do not hold"))
        << number;
}

TEST(TomlReaderTest, TakesNumbersInEverySpelling) {
  const auto number = [](const char* text) { return read_toml(text, "").settings.at(0).written.value; };
  EXPECT_THAT(mistakes_of("a = 9223372036854775807\nb = -9223372036854775808\nc = -0\nd = 0"), IsEmpty());
  EXPECT_EQ(number("a\t= \t+1_000 # one"), Value{std::int64_t{1000}});
  EXPECT_EQ(number("\"\xc3\xa4\" = 0xDEAD_beef"), Value{std::int64_t{0xdeadbeef}});
  EXPECT_EQ(number("a = 0o755"), Value{std::int64_t{0755}});
  EXPECT_EQ(number("a = 0b101"), Value{std::int64_t{5}});
}

TEST(TomlReaderTest, RefusesBytesThatAreNoText) {
  EXPECT_THAT(mistakes_of("\na = '\xff\xfe'"), ElementsAre("a.toml:2: bytes that are no UTF-8"));
  EXPECT_EQ(mistakes_of(std::string_view{"a = 1\0b", 7}).size(), 1U);
}

TEST(TomlReaderTest, SurvivesEndlessNesting) {
  const std::string brackets(200'000, '[');
  EXPECT_THAT(mistakes_of("a = " + brackets), ElementsAre("a.toml:1: nested too deeply"));
  EXPECT_THAT(mistakes_of("a = [" + brackets), ElementsAre("a.toml:1: nested too deeply"));
  std::string dots = "a";
  for (int i = 0; i < 100'000; ++i) dots += ".a";
  EXPECT_THAT(mistakes_of(dots + " = 1"), ElementsAre("a.toml:1: nested too deeply"));
}

}  // namespace
}  // namespace indrik::config
