#include "config/config_file.h"

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temporary_folder.h"

namespace indrik::config {
namespace {

using test::TemporaryFolder;

TEST(ConfigFileTest, ReadsTheWholeFile) {
  TemporaryFolder folder;
  const std::string text(100'000, 'x');  // more than one read
  const auto read = read_config_file(folder.write("a.toml", text));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, text);
}

TEST(ConfigFileTest, SaysThatAFileDoesNotExist) {
  TemporaryFolder folder;
  const auto path = folder.path() / "none.toml";
  const auto read = read_config_file(path);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text(), "configuration file " + path.native() + ": No such file or directory");
  EXPECT_EQ(read.error().code(), ENOENT);
}

TEST(ConfigFileTest, RefusesAFolder) {
  TemporaryFolder folder;
  const auto read = read_config_file(folder.path());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text(), "configuration file " + folder.path().native() + ": Is a directory");
}

TEST(ConfigFileTest, RefusesAPipeWithoutWaitingForAWriter) {
  TemporaryFolder folder;
  const auto path = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const auto read = read_config_file(path);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text(), "configuration file " + path.native() + ": Not a regular file");
}

TEST(ConfigFileTest, SaysThatAFileMayNotBeRead) {
  TemporaryFolder folder;
  const auto path = folder.write("secret.toml", "workers = 1");
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  // Root may read everything, so this thread looks at files as nobody for a moment.
  const bool root = ::geteuid() == 0;
  if (root) ::setfsuid(65534);
  const auto read = read_config_file(path);
  if (root) ::setfsuid(0);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text(), "configuration file " + path.native() + ": Permission denied");
}

TEST(ConfigFileTest, RefusesAFileThatIsTooLarge) {
  TemporaryFolder folder;
  const auto path = folder.write("large.toml");
  ASSERT_EQ(::truncate(path.c_str(), (1 << 20) + 1), 0);
  const auto read = read_config_file(path);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text(), "configuration file " + path.native() + ": larger than 1 MiB");
}

}  // namespace
}  // namespace indrik::config
