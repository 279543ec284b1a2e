#include "config/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indrik::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Arguments = std::vector<std::string>;

Value value_of(const CommandLine& line, std::string_view key) {
  for (const auto& written : line.settings)
    if (written.key == key) return *written.value;
  ADD_FAILURE() << key << " is not there";
  return {};
}

TEST(CommandLineTest, IsEmptyWithoutArguments) {
  const auto line = read_command_line({});
  EXPECT_EQ(line.mode, Mode::run);
  EXPECT_THAT(line.settings, IsEmpty());
  EXPECT_THAT(line.plugins, IsEmpty());
  EXPECT_THAT(line.mistakes, IsEmpty());
}

TEST(CommandLineTest, ReadsEachSpellingOfAFlag) {
  for (const Arguments& arguments :
       {Arguments{"-w", "4"}, Arguments{"-w4"}, Arguments{"--workers", "4"}, Arguments{"--workers=4"}}) {
    const auto line = read_command_line(arguments);
    EXPECT_EQ(value_of(line, "workers"), Value{"4"});
    EXPECT_EQ(line.settings.at(0).origin, "flag --workers");
    EXPECT_THAT(line.mistakes, IsEmpty());
  }
}

TEST(CommandLineTest, TakesTheLastOfSeveral) {
  EXPECT_EQ(value_of(read_command_line({"-w", "4", "--workers", "auto"}), "workers"), Value{"auto"});
}

TEST(CommandLineTest, CollectsARepeatedBind) {
  EXPECT_EQ(value_of(read_command_line({"-b", "[::1]:80", "--bind=unix:/a"}), "bind"),
            (Value{std::vector<std::string>{"[::1]:80", "unix:/a"}}));
}

TEST(CommandLineTest, LeavesPluginsAfterABindAlone) {
  const auto line = read_command_line({"-b", "127.0.0.1:1", "a.so", "-w", "2", "b.so"});
  EXPECT_EQ(value_of(line, "bind"), (Value{std::vector<std::string>{"127.0.0.1:1"}}));
  EXPECT_THAT(line.plugins, ElementsAre("a.so", "b.so"));
}

TEST(CommandLineTest, TakesWhatFollowsTwoDashesForPlugins) {
  const auto line = read_command_line({"--", "-w", "--pid="});
  EXPECT_THAT(line.plugins, ElementsAre("-w", "--pid="));
  EXPECT_THAT(line.mistakes, IsEmpty());
}

TEST(CommandLineTest, TakesDashesAndNegativeNumbersForValues) {
  const auto line = read_command_line({"--access-logfile", "-", "--backlog", "-5"});
  EXPECT_EQ(value_of(line, "access_logfile"), Value{"-"});
  EXPECT_EQ(value_of(line, "backlog"), Value{"-5"});
}

TEST(CommandLineTest, KeepsAnEmptyValueEmpty) {  // and does not take the plugin for it
  for (const Arguments& arguments : {Arguments{"--server-header=", "a.so"}, Arguments{"--server-header", "", "a.so"}}) {
    const auto line = read_command_line(arguments);
    EXPECT_EQ(value_of(line, "server_header"), Value{""});
    EXPECT_THAT(line.plugins, ElementsAre("a.so"));
  }
}

TEST(CommandLineTest, FindsTheMode) {
  EXPECT_EQ(read_command_line({"-h"}).mode, Mode::help);
  EXPECT_EQ(read_command_line({"--help"}).mode, Mode::help);
  EXPECT_EQ(read_command_line({"-v"}).mode, Mode::version);
  EXPECT_EQ(read_command_line({"--version"}).mode, Mode::version);
  EXPECT_EQ(read_command_line({"--check-config", "a.so"}).mode, Mode::check);
  EXPECT_EQ(read_command_line({"--print-config"}).mode, Mode::print);
  EXPECT_EQ(read_command_line({"--print-sample"}).mode, Mode::print_sample);
  EXPECT_EQ(read_command_line({"--print-manual"}).mode, Mode::print_manual);
  EXPECT_EQ(read_command_line({"--print-man-5"}).mode, Mode::print_man_5);
  EXPECT_EQ(read_command_line({"--print-man-8"}).mode, Mode::print_man_8);
  EXPECT_EQ(read_command_line({"--list-hooks"}).mode, Mode::list_hooks);
  EXPECT_EQ(read_command_line({"--check-config", "--print-config", "--help"}).mode, Mode::help);
}

TEST(CommandLineTest, FindsTheConfigurationFile) {
  const auto line = read_command_line({"-c", "a.toml", "--config=b.toml"});
  EXPECT_EQ(line.config_file, "b.toml");
  EXPECT_EQ(line.mode, Mode::run);
}

TEST(CommandLineTest, NamesTheNearestFlag) {
  EXPECT_THAT(read_command_line({"--wokers=4", "-Z", "--zebras-and-lions"}).mistakes,
              ElementsAre("unknown flag --wokers; did you mean --workers?", testing::StartsWith("unknown flag -Z"),
                          "unknown flag --zebras-and-lions; see --help"));
}

TEST(CommandLineTest, MissesAValue) {
  EXPECT_THAT(read_command_line({"a.so", "--workers"}).mistakes, ElementsAre("flag --workers: its value is missing"));
  EXPECT_THAT(read_command_line({"-c"}).mistakes, ElementsAre("flag --config: its value is missing"));
}

TEST(CommandLineTest, RefusesAValueWhereNoneBelongs) {
  EXPECT_THAT(read_command_line({"--check-config=no"}).mistakes, ElementsAre("flag --check-config: it takes no value"));
  EXPECT_EQ(read_command_line({"--check-config=5x"}).mistakes.size(), 1U);
}

TEST(CommandLineTest, RefusesAConfigurationFileWithoutName) {
  EXPECT_THAT(read_command_line({"--config=", "a.so"}).mistakes, ElementsAre("flag --config: its value is empty"));
}

TEST(CommandLineTest, RefusesAPluginWithoutName) {
  EXPECT_THAT(read_command_line({"", "a.so"}).mistakes, ElementsAre("command line: a plugin's name is empty"));
}

}  // namespace
}  // namespace indrik::config
