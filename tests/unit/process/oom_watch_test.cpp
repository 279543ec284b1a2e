#include "process/oom_watch.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace indrik::process {
namespace {

/// A made-up control group.
class OomWatchTest : public testing::Test {
 protected:
  void set(const std::string& membership, const std::string& file, const std::string& text) {
    const auto path = root / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
    std::ofstream{folder.path() / "cgroup"} << membership;
  }
  OomWatch watch() { return OomWatch{folder.path() / "cgroup", root}; }

  indrik::test::TemporaryFolder folder;
  std::filesystem::path root = folder.path() / "sys";
};

TEST_F(OomWatchTest, TellsEachVictimOnce) {
  set("0::/a/b\n", "a/b/memory.events", "low 0\noom 3\noom_kill 2\n");
  auto watched = watch();
  EXPECT_TRUE(watched.works());
  EXPECT_FALSE(watched.has_new_victim());
  set("0::/a/b\n", "a/b/memory.events", "low 0\noom 5\noom_kill 4\noom_group_kill 0\n");
  EXPECT_TRUE(watched.has_new_victim());
  EXPECT_TRUE(watched.has_new_victim());
  EXPECT_FALSE(watched.has_new_victim());
}

TEST_F(OomWatchTest, LooksAtTheRootWhereTheNameIsTheHosts) {
  set("0::/host/only\n", "memory.events", "oom_kill 0\n");
  auto watched = watch();
  set("0::/host/only\n", "memory.events", "oom_kill 1\n");
  EXPECT_TRUE(watched.has_new_victim());
}

TEST_F(OomWatchTest, ReadsTheFirstVersionOfControlGroups) {
  set("5:cpu,cpuacct:/x\n4:memory:/x\n", "memory/x/memory.oom_control",
      "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n");
  auto watched = watch();
  EXPECT_TRUE(watched.works());
  set("4:memory:/x\n", "memory/x/memory.oom_control", "oom_kill 8\n");
  EXPECT_TRUE(watched.has_new_victim());
}

TEST_F(OomWatchTest, KnowsNothingWithoutAControlGroup) {
  auto watched = watch();
  EXPECT_FALSE(watched.works());
  EXPECT_FALSE(watched.has_new_victim());
}

}  // namespace
}  // namespace indrik::process
