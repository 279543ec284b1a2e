#include "config/documentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/strings.h"
#include "config/load.h"
#include "config/setting_value.h"
#include "support/temporary_folder.h"

namespace indrik::config {
namespace {

using testing::HasSubstr;

std::string contents(const std::string& path) {
  std::ifstream file{INDRIK_SOURCE_DIR + ("/" + path), std::ios::binary};
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<Loaded, Mistakes> load_shipped(const std::string& path) {
  return load({{"-c", INDRIK_SOURCE_DIR + ("/" + path)}, {}});
}

TEST(DocumentationTest, SampleFileIsWhatTheTableSays) {
  EXPECT_EQ(contents("conf/indrik.toml"), sample_toml())
      << "Make it anew: build/dev/indrik --print-sample > conf/indrik.toml";
}

TEST(DocumentationTest, ManualIsWhatTheTableSays) {
  EXPECT_EQ(contents("docs/settings.md"), settings_markdown())
      << "Make it anew: build/dev/indrik --print-manual > docs/settings.md";
}

TEST(DocumentationTest, SampleFileSetsEverySettingToItsDefault) {
  const auto loaded = load_shipped("conf/indrik.toml");
  ASSERT_TRUE(loaded) << loaded.error().front();
  EXPECT_EQ(loaded->settings, default_settings());
  for (const auto& [key, origin] : loaded->origins) EXPECT_NE(origin, "default") << key;
}

TEST(DocumentationTest, MinimalFileLoads) {
  const auto loaded = load_shipped("conf/minimal.toml");
  ASSERT_TRUE(loaded) << loaded.error().front();
  EXPECT_EQ(loaded->settings, default_settings());
  EXPECT_EQ(loaded->apps.at(0).plugin, "health.so");
  EXPECT_EQ(loaded->apps.at(0).config.at(0).key, "delay_ms");
}

TEST(DocumentationTest, ProductionFileLoads) {
  const auto loaded = load_shipped("conf/production.toml");
  ASSERT_TRUE(loaded) << loaded.error().front();
  EXPECT_EQ(loaded->settings.worker_class, WorkerClass::green);
  EXPECT_TRUE(loaded->settings.workers.is_auto());
  EXPECT_EQ(loaded->apps.at(0).plugin, "health.so");
}

TEST(DocumentationTest, HelpNamesEveryFlagDefaultAndVariable) {
  const auto help = help_text();
  for (const auto& spec : settings_table()) {
    EXPECT_THAT(help, HasSubstr(std::string{long_flag(spec)} + " " + std::string{spec.placeholder} + ""));
    EXPECT_THAT(help, HasSubstr(environment_name(spec) + "]")) << spec.key;
  }
  for (const auto* flag :
       {"-h, --help", "-v, --version", "--check-config", "--list-hooks", "--print-config", "-c, --config FILE"})
    EXPECT_THAT(help, HasSubstr(flag));
}

TEST(DocumentationTest, HelpIsAtMostAHundredColumnsWide) {
  const auto help = help_text();
  for (const auto line : split(help, '\n')) EXPECT_LE(line.size(), 100U) << line;
}

TEST(DocumentationTest, HelpKeepsTheMakersCommandsToItself) {
  EXPECT_THAT(help_text(), testing::Not(HasSubstr("--print-sample")));
}

}  // namespace
}  // namespace indrik::config
