#include "root_folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "support/forbidden_call.h"
#include "support/temporary_folder.h"

namespace static_files {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Way = RootFolder::Way;

class RootFolderTest : public testing::TestWithParam<Way> {
 protected:
  RootFolderTest() {
    folder.write("secret", "secret");
    folder.write("root/a/b/file", "file");
  }
  std::string read(const std::string& path) const {
    const auto opened = root.open(path, GetParam());
    if (!opened.descriptor) return "error " + std::to_string(opened.error);
    std::array<char, 64> text{};
    const ssize_t size = ::read(opened.descriptor.get(), text.data(), text.size());
    return size < 0 ? "unreadable" : std::string{text.data(), static_cast<std::size_t>(size)};
  }

  indrik::test::TemporaryFolder folder;
  fs::path inside = folder / "root";
  RootFolder root = (fs::create_directories(inside), RootFolder{inside.native()});
};
INSTANTIATE_TEST_SUITE_P(Way, RootFolderTest, testing::Values(Way::by_kernel, Way::by_hand),
                         [](const auto& given) { return given.param == Way::by_kernel ? "kernel" : "hand"; });

TEST_P(RootFolderTest, OpensWhatIsBelow) {
  EXPECT_EQ(read("a/b/file"), "file");
  EXPECT_TRUE(root.open("a/b/file", GetParam()).is_file());
  EXPECT_TRUE(root.open("a/b", GetParam()).is_folder());
  EXPECT_TRUE(root.open("", GetParam()).is_folder());
}

TEST_P(RootFolderTest, SaysWhatIsMissing) {
  EXPECT_EQ(root.open("none", GetParam()).error, ENOENT);
  EXPECT_EQ(root.open("a/none/file", GetParam()).error, ENOENT);
  EXPECT_EQ(root.open("a/b/file/c", GetParam()).error, ENOTDIR);
  EXPECT_EQ(root.open(std::string(300, 'a'), GetParam()).error, ENAMETOOLONG);
  EXPECT_EQ(root.open(std::string(9000, 'a'), GetParam()).error, ENAMETOOLONG);
}

TEST_P(RootFolderTest, FollowsNoLinkOut) {
  fs::create_symlink(folder / "secret", inside / "absolute");
  fs::create_symlink("../secret", inside / "relative");
  fs::create_symlink("..", inside / "up");
  fs::create_symlink("../..", inside / "a/up");
  fs::create_symlink("/proc/self/root", inside / "magic");
  fs::create_symlink("absolute", inside / "twice");
  for (const auto* path : {"absolute", "relative", "up/secret", "a/up/secret", "magic/etc/passwd", "twice"}) {
    const auto opened = root.open(path, GetParam());
    EXPECT_FALSE(opened.descriptor) << path;
    EXPECT_TRUE(opened.error == EXDEV || opened.error == ELOOP || opened.error == ENOTDIR) << path << opened.error;
  }
}

TEST_P(RootFolderTest, FollowsLinksWithinWhereTheKernelWatches) {
  fs::create_symlink("a/b", inside / "short");
  EXPECT_EQ(root.open("short/file", GetParam()).is_file(), GetParam() == Way::by_kernel);
}

TEST_P(RootFolderTest, DoesNotWaitForAPipeAndTakesNoneForAFile) {
  ASSERT_EQ(::mkfifo((inside / "pipe").c_str(), 0600), 0);
  const auto opened = root.open("pipe", GetParam());
  EXPECT_TRUE(opened.descriptor);
  EXPECT_FALSE(opened.is_file());
  EXPECT_FALSE(opened.is_folder());
}

TEST_P(RootFolderTest, NeverLeavesWhileSomeoneExchangesFoldersForLinks) {
  folder.write("outside/file", "secret");
  fs::create_symlink("../../outside", inside / "a/link");
  std::atomic<bool> done = false;
  std::thread attacker{[&] {
    const auto from = (inside / "a/link").native();
    const auto to = (inside / "a/b").native();
    while (!done) ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE);
  }};
  int found = 0;
  for (int i = 0; i < 20'000 || (found == 0 && i < 2'000'000); ++i) {
    const auto text = read("a/b/file");
    EXPECT_NE(text, "secret");
    if (text == "file") ++found;
  }
  done = true;
  attacker.join();
  EXPECT_GT(found, 0);
}

TEST(RootFolderStartTest, RefusesWhatIsNoFolderInOneSentence) {
  const indrik::test::TemporaryFolder folder;
  const auto file = folder.write("file");
  const auto refusal = [](const std::string& path) {
    try {
      const RootFolder root{path};
    } catch (const std::runtime_error& thrown) {
      return std::string{thrown.what()};
    }
    return std::string{};
  };
  EXPECT_EQ(refusal(file.native()), "config key root: " + file.native() + ": Not a directory");
  EXPECT_EQ(refusal((folder / "none").native()),
            "config key root: " + (folder / "none").native() + ": No such file or directory");
}

TEST(RootFolderStartTest, GoesByHandWhereTheKernelHasNoSuchCall) {
  const indrik::test::TemporaryFolder folder;
  folder.write("root/a/file", "file");
  for (const int code : {ENOSYS, EPERM}) {
    std::thread{[&] {
      ASSERT_TRUE(indrik::test::forbid_call(SYS_openat2, code));
      const RootFolder root{(folder / "root").native()};
      EXPECT_EQ(root.way(), Way::by_hand);
      EXPECT_TRUE(root.open("a/file").is_file());
    }}.join();
  }
}

}  // namespace
}  // namespace static_files
