#include "config/printer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace indrik::config {
namespace {

using test::TemporaryFolder;

using testing::HasSubstr;

TEST(PrinterTest, NamesTheOriginOfEachValue) {
  TemporaryFolder folder;
  const auto file = folder.write("a.toml", "workers = \"auto\"\n[[app]]\nplugin = \"a.so\"\n[app.config]\nx.y = 1\n");
  const auto loaded = load({{"-c", file.native(), "-t", "250ms", "b.so"}, {"INDRIK_PID=/a"}});
  ASSERT_TRUE(loaded);
  const auto printed = print_config(*loaded);
  EXPECT_THAT(printed, HasSubstr("\nworkers = \"auto\"  # " + file.native() + ":1\n"));
  EXPECT_THAT(printed, HasSubstr("\nworker_class = \"sync\"  # default\n"));
  EXPECT_THAT(printed, HasSubstr("\ntimeout = \"250ms\"  # flag --timeout\n"));
  EXPECT_THAT(printed, HasSubstr("\npid = \"/a\"  # environment INDRIK_PID\n"));
  EXPECT_THAT(printed, HasSubstr("\n[[app]]  # " + file.native() +
                                 ":2\nplugin = \"a.so\"\nmount = \"/\"\n"
                                 "[app.config]\nx.y = 1  # " +
                                 file.native() + ":5\n"));
  EXPECT_THAT(printed, HasSubstr("\n[[app]]  # command line\nplugin = \"b.so\"\n"));
}

TEST(PrinterTest, PrintsWhatReadsBackTheSame) {
  TemporaryFolder folder;
  const auto file = folder.write("a.toml", R"toml(
bind = ["[::1]:80", "unix:/a b\"c"]
workers = "auto"
timeout = 0
keep_alive = 1.5
max_body_size = 12345
unix_socket_mode = "0600"
access_logformat = 'a "quoted" \ format'
[[app]]
plugin = "dir/a.so"
mount = "/a"
[app.config]
text = "line\nend \"q\" ä"
number = -5
float = 1.0
tiny = 1e-300
endless = -inf
on = false
list = ["a", "b\\"]
numbers = [1, 2]
"odd key" = 1
empty = []
[app.config.deep."odd part".end]
x = 1
[[app]]
plugin = "b.so"
)toml");
  const auto loaded = load({{"-c", file.native(), "c.so"}, {}});
  ASSERT_TRUE(loaded) << loaded.error().front();
  const auto printed = folder.write("printed.toml", print_config(*loaded));
  const auto again = load({{"-c", printed.native()}, {}});
  ASSERT_TRUE(again) << again.error().front();
  EXPECT_EQ(again->settings, loaded->settings);
  ASSERT_EQ(again->apps.size(), loaded->apps.size());
  for (std::size_t i = 0; i < again->apps.size(); ++i) {
    EXPECT_EQ(again->apps[i].plugin, loaded->apps[i].plugin);
    EXPECT_EQ(again->apps[i].mount, loaded->apps[i].mount);
    ASSERT_EQ(again->apps[i].config.size(), loaded->apps[i].config.size());
    for (std::size_t j = 0; j < again->apps[i].config.size(); ++j) {
      EXPECT_EQ(again->apps[i].config[j].key, loaded->apps[i].config[j].key);
      EXPECT_EQ(again->apps[i].config[j].value, loaded->apps[i].config[j].value) << again->apps[i].config[j].key;
    }
  }
}

TEST(PrinterTest, KeepsAnOriginInItsComment) {  // a file's name may hold a line end
  TemporaryFolder folder;
  const auto file = folder.write("a\nworkers = 9 #", "backlog = 5\n");
  const auto loaded = load({{"-c", file.native(), "a.so"}, {}});
  ASSERT_TRUE(loaded);
  const auto again = load({{"-c", folder.write("printed.toml", print_config(*loaded)).native()}, {}});
  ASSERT_TRUE(again) << again.error().front();
  EXPECT_EQ(again->settings.workers, WorkerCount{1});
}

}  // namespace
}  // namespace indrik::config
