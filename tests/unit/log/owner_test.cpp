#include "log/owner.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "log/error_log.h"
#include "support/temporary_folder.h"

namespace indrik::log {
namespace {

constexpr Owner kOwner{.user = 54321, .group = 54322};

class OwnerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  }

  std::string path(const char* name) const { return (folder_ / name).native(); }
  struct stat status(const char* name) const {
    struct stat status {};
    EXPECT_EQ(::lstat(path(name).c_str(), &status), 0);
    return status;
  }

  test::TemporaryFolder folder_;
};

TEST_F(OwnerTest, GetsTheFileThatIsMade) {
  ASSERT_TRUE(create_for(kOwner, path("log")));
  EXPECT_EQ(status("log").st_uid, kOwner.user);
  EXPECT_EQ(status("log").st_gid, kOwner.group);
}

TEST_F(OwnerTest, DoesNotGetAFileThatIsThere) {
  std::ofstream{path("log")} << "kept";
  ASSERT_TRUE(create_for(kOwner, path("log")));
  EXPECT_EQ(status("log").st_uid, 0U);
  EXPECT_EQ(status("log").st_size, 4);
}

TEST_F(OwnerTest, DoesNotGetWhatALinkPointsTo) {
  std::ofstream{path("secret")} << "kept";
  std::filesystem::create_symlink("secret", path("log"));
  std::filesystem::create_symlink("nowhere", path("dangling"));
  ASSERT_TRUE(create_for(kOwner, path("log")));
  ASSERT_TRUE(create_for(kOwner, path("dangling")));
  EXPECT_EQ(status("secret").st_uid, 0U);
  EXPECT_FALSE(std::filesystem::exists(path("nowhere")));
}

TEST_F(OwnerTest, GetsTheErrorLogAlsoWhenItIsOpenedAgain) {
  auto log = ErrorLog::open(path("log"), Level::info, kOwner);
  ASSERT_TRUE(log) << log.error().text();
  EXPECT_EQ(status("log").st_uid, kOwner.user);
  std::filesystem::rename(path("log"), path("log.1"));
  ASSERT_TRUE(log->reopen());
  EXPECT_EQ(status("log").st_uid, kOwner.user);
}

TEST_F(OwnerTest, IsToldWhereNoFileCanBeMade) {
  const auto made = create_for(kOwner, path("no/log"));
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text().find("No such file or directory"), std::string::npos);
}

}  // namespace
}  // namespace indrik::log
