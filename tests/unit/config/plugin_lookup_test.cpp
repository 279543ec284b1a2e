#include "config/plugin_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace indrik::config {
namespace {

using test::TemporaryFolder;

using testing::EndsWith;

class PluginLookupTest : public testing::Test {
 protected:
  Lookup lookup() const { return {folder_.path() / "here", folder_.path() / "conf", folder_.path() / "plugins"}; }

  TemporaryFolder folder_;
};

TEST_F(PluginLookupTest, TakesANameWithASlashAsGiven) {
  const auto path = folder_.write("elsewhere/a.so");
  folder_.write("here/a.so");
  const auto found = find_plugin(path.native(), lookup());
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, path);
}

TEST_F(PluginLookupTest, SearchesTheCurrentFolderThenTheFilesThenThePluginDirectory) {
  const auto last = folder_.write("plugins/a.so");
  EXPECT_EQ(*find_plugin("a.so", lookup()), last);
  const auto second = folder_.write("conf/a.so");
  EXPECT_EQ(*find_plugin("a.so", lookup()), second);
  const auto first = folder_.write("here/a.so");
  EXPECT_EQ(*find_plugin("a.so", lookup()), first);
}

TEST_F(PluginLookupTest, DoesNotSearchAnEmptyFolder) {
  folder_.write("here/a.so");
  auto places = lookup();
  places.working_folder.clear();
  EXPECT_FALSE(find_plugin("a.so", places));
}

TEST_F(PluginLookupTest, PassesOverAFolderOfThatName) {
  std::filesystem::create_directories(folder_.path() / "conf/a.so");
  const auto file = folder_.write("plugins/a.so");
  EXPECT_EQ(*find_plugin("a.so", lookup()), file);
}

TEST_F(PluginLookupTest, NamesTheFoldersItSearched) {
  const auto found = find_plugin("zebra.so", lookup());
  ASSERT_FALSE(found);
  const auto base = folder_.path().native();
  EXPECT_EQ(found.error().text(),
            "plugin zebra.so is in none of the folders " + base + "/here, " + base + "/conf, " + base + "/plugins");
}

TEST_F(PluginLookupTest, NamesTheNearestPlugin) {
  folder_.write("plugins/health.so");
  folder_.write("plugins/hello.so");
  folder_.write("plugins/helth.txt");
  EXPECT_THAT(find_plugin("helth.so", lookup()).error().text(), EndsWith("; did you mean health.so?"));
  EXPECT_THAT(find_plugin(folder_.path().native() + "/plugins/helo.so", lookup()).error().text(),
              EndsWith("/plugins/helo.so: no such file; did you mean hello.so?"));
}

TEST_F(PluginLookupTest, FindsANameWithoutItsEnding) {
  const auto last = folder_.write("plugins/hi.so");
  EXPECT_EQ(*find_plugin("hi", lookup()), last);
  EXPECT_FALSE(find_plugin("h", lookup()));
  const auto whole = folder_.write("plugins/hi");
  EXPECT_EQ(*find_plugin("hi", lookup()), whole) << "what bears the very name comes first";
}

TEST_F(PluginLookupTest, KnowsThatTheEndingOfAPathWasForgotten) {
  const auto path = folder_.write("plugins/hi.so").native();
  EXPECT_THAT(find_plugin(path.substr(0, path.size() - 3), lookup()).error().text(), EndsWith("; did you mean hi.so?"));
}

TEST_F(PluginLookupTest, LooksBesideTheFileThatNamesThePlugin) {
  Loaded loaded;
  loaded.config_file = "/etc/indrik/indrik.toml";
  EXPECT_EQ(lookup_for({.folder = "/etc/indrik/conf.d"}, loaded).config_folder, "/etc/indrik/conf.d");
}

TEST_F(PluginLookupTest, SearchesTheCurrentFolderForTheCommandLineOnly) {
  Loaded loaded;
  loaded.config_file = "conf/indrik.toml";
  loaded.settings.plugin_directory = "/usr/lib/indrik";
  const auto typed = lookup_for({.from_command_line = true}, loaded);
  EXPECT_EQ(typed.working_folder, ".");
  EXPECT_EQ(typed.config_folder, "conf");
  EXPECT_EQ(typed.plugin_directory, "/usr/lib/indrik");
  EXPECT_EQ(lookup_for({}, loaded).working_folder, "");
}

TEST_F(PluginLookupTest, AlwaysFindsAPathWithASlash) {  // dlopen(3) would search the system's folders otherwise
  Loaded loaded;
  loaded.config_file = "indrik.toml";
  loaded.settings.plugin_directory = "plugins";
  EXPECT_EQ(lookup_for({}, loaded).config_folder, ".");
  EXPECT_EQ(lookup_for({}, loaded).plugin_directory, "./plugins");
}

TEST_F(PluginLookupTest, TakesThePluginsBesideTheExecutableByDefaultOrThoseInstalled) {
  const auto beside = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "plugins";
  const auto folder = plugin_folder(Settings{});
  if (std::filesystem::is_directory(beside))
    EXPECT_EQ(folder, beside);
  else
    EXPECT_THAT(folder.native(), testing::MatchesRegex("/.*/lib/.*indrik/plugins"));
  Loaded loaded;
  EXPECT_EQ(lookup_for({}, loaded).config_folder, "");
}

}  // namespace
}  // namespace indrik::config
