#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/setting_value.h"
#include "support/temporary_folder.h"

namespace indrik::config {
namespace {

using test::TemporaryFolder;

using testing::ElementsAre;
using testing::StartsWith;

TEST(LoadTest, GivesTheDefaultsToAPluginAlone) {
  const auto loaded = load({{"a.so"}, {}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->mode, Mode::run);
  EXPECT_EQ(loaded->settings, default_settings());
  EXPECT_EQ(loaded->origins.at("workers"), "default");
  EXPECT_EQ(loaded->origins.size(), settings_table().size());
}

TEST(LoadTest, LetsTheFlagOutweighTheEnvironmentThatTheFileThatTheDefault) {
  TemporaryFolder folder;
  const auto file = folder.write("a.toml", "workers = 2\n");
  const std::vector<std::string> config{"-c", file.native(), "a.so"};
  auto flagged = config;
  flagged.emplace_back("-w4");
  EXPECT_EQ(load({{"a.so"}, {}})->settings.workers, WorkerCount{1});
  EXPECT_EQ(load({config, {}})->settings.workers, WorkerCount{2});
  EXPECT_EQ(load({config, {"INDRIK_WORKERS=3"}})->settings.workers, WorkerCount{3});
  EXPECT_EQ(load({flagged, {"INDRIK_WORKERS=3"}})->settings.workers, WorkerCount{4});
  EXPECT_EQ(load({flagged, {"INDRIK_WORKERS=3"}})->origins.at("workers"), "flag --workers");
}

TEST(LoadTest, AddsThePluginsOfTheCommandLineToThoseOfTheFile) {
  TemporaryFolder folder;
  const auto file = folder.write("a.toml", "[[app]]\nplugin = \"a.so\"\nmount = \"/a\"\n");
  const auto loaded = load({{"b.so", "-c", file.native()}, {}});
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->apps.size(), 2U);
  EXPECT_EQ(loaded->apps[0].plugin, "a.so");
  EXPECT_FALSE(loaded->apps[0].from_command_line);
  EXPECT_EQ(loaded->apps[1].plugin, "b.so");
  EXPECT_EQ(loaded->apps[1].mount, "/");
  EXPECT_TRUE(loaded->apps[1].from_command_line);
  EXPECT_EQ(loaded->config_file, file);
}

TEST(LoadTest, ReportsAllMistakesOfAllSourcesInOrder) {
  TemporaryFolder folder;
  const auto file =
      folder.write("a.toml", "timeout = \"soon\"\nwokers = 3\n[[app]]\nplugn = \"a.so\"\n[other]\nx = 1\n");
  const auto loaded = load({{"-c", file.native(), "--wokers", "-w0"}, {"INDRIK_BACKLOG=x"}});
  ASSERT_FALSE(loaded);
  const auto name = file.native();
  EXPECT_THAT(
      loaded.error(),
      ElementsAre(
          name + ":1: timeout = \"soon\": seconds, or a time like \"250ms\", \"30s\" or \"2m\", from 100ms to 1h, or 0",
          name + ":2: unknown key \"wokers\"; did you mean \"workers\"?",
          name + ":3: [[app]] names no plugin; add plugin = \"NAME.so\"",
          name + ":4: unknown key \"plugn\" in [[app]]; did you mean \"plugin\"?", name + ":5: unknown key \"other\"",
          "environment INDRIK_BACKLOG: backlog = \"x\": a number from 1 to 65535",
          "unknown flag --wokers; did you mean --workers?",
          "flag --workers: workers = \"0\": a number from 1 to 1024, or \"auto\""));
}

TEST(LoadTest, ReportsWhatAnOverwrittenSourceDoesWrong) {  // the file would fail on the day the flag goes away
  TemporaryFolder folder;
  const auto file = folder.write("a.toml", "workers = 0\n");
  EXPECT_FALSE(load({{"-c", file.native(), "-w", "2", "a.so"}, {}}));
}

TEST(LoadTest, DemandsAPlugin) {
  EXPECT_THAT(load({{}, {}}).error(),
              ElementsAre("no plugin: name one on the command line, or in an [[app]] table of the configuration file"));
  EXPECT_FALSE(load({{"--check-config"}, {}}));
  EXPECT_TRUE(load({{"--print-config"}, {}}));
}

TEST(LoadTest, DoesNotMissPluginsOfAFileThatItCannotRead) {
  TemporaryFolder folder;
  const auto none = (folder.path() / "none.toml").native();
  EXPECT_THAT(load({{"-c", none}, {}}).error(),
              ElementsAre("configuration file " + none + ": No such file or directory"));
  const auto broken = folder.write("broken.toml", "a = \n");
  EXPECT_THAT(load({{"-c", broken.native()}, {}}).error(), ElementsAre(StartsWith(broken.native() + ":1: ")));
}

TEST(LoadTest, LooksAtNothingElseForHelp) {
  const auto loaded = load({{"--help", "-c", "/nowhere.toml", "--wokers"}, {"INDRIK_WORKERS=x"}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->mode, Mode::help);
}

TEST(LoadTest, ReadsTheFileAnewEachTime) {
  TemporaryFolder folder;
  const auto file = folder.write("a.toml", "workers = 2\n");
  const Invocation invocation{{"-c", file.native(), "a.so"}, {}};
  EXPECT_EQ(load(invocation)->settings.workers, WorkerCount{2});
  folder.write("a.toml", "workers = \n");
  EXPECT_FALSE(load(invocation));
  folder.write("a.toml", "workers = 3\n");
  EXPECT_EQ(load(invocation)->settings.workers, WorkerCount{3});
}

TEST(LoadTest, LooksARelativeFileUpWhereTheProcessWasStarted) {
  TemporaryFolder folder;
  const std::filesystem::path file{folder.write("a.toml", "workers = 2\n")};
  const Invocation invocation{{"-c", "a.toml", "a.so"}, {}, file.parent_path()};
  const auto loaded = load(invocation);
  ASSERT_TRUE(loaded) << loaded.error().front();
  EXPECT_EQ(loaded->config_file, file);
  EXPECT_EQ(loaded->where("workers"), "a.toml:1: workers = 2");
}

TEST(LoadTest, CapturesHowAProcessWasStarted) {
  const char* const argv[] = {"indrik", "-w", "2", nullptr};
  const char* const environment[] = {"A=1", "B=2", nullptr};
  const auto invocation = Invocation::capture(3, argv, environment);
  EXPECT_THAT(invocation.arguments, ElementsAre("-w", "2"));
  EXPECT_THAT(invocation.environment, ElementsAre("A=1", "B=2"));
  EXPECT_EQ(invocation.folder, std::filesystem::current_path());
  EXPECT_TRUE(Invocation::capture(0, nullptr, nullptr).arguments.empty());
}

TEST(LoadTest, SaysWhereAValueComesFrom) {
  const auto loaded = load({{"a.so", "-b", "nonsense"}, {}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->where("bind"), "flag --bind: bind = [\"nonsense\"]");
  EXPECT_EQ(loaded->where("workers"), "default: workers = 1");
}

TEST(LoadTest, KeepsMessagesOnOneLine) {
  TemporaryFolder folder;
  const auto file = folder.write("a.toml", "\"a\\nb\" = 1\nworkers = \"x\\ny\"\n");
  const auto loaded = load({{"-c", file.native(), "a.so", "--x\ny"}, {"INDRIK_PID=a\nb"}});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().size(), 4U);
  for (const auto& mistake : loaded.error()) EXPECT_EQ(mistake.find('\n'), std::string::npos) << mistake;
}

}  // namespace
}  // namespace indrik::config
