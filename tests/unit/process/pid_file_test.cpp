#include "process/pid_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "support/temporary_folder.h"

namespace indrik::process {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class PidFileTest : public ::testing::Test {
 protected:
  std::filesystem::path path() const { return folder_ / "indrik.pid"; }
  std::string content() const {
    std::string line;
    std::getline(std::ifstream{path()}, line);
    return line;
  }
  test::TemporaryFolder folder_;
};

TEST_F(PidFileTest, HoldsOurPidAndGoesWithUs) {
  {
    const auto file = PidFile::create(path());
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_EQ(content(), std::to_string(::getpid()));
  }
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(PidFileTest, TakesOverWhatADeadMasterLeft) {
  std::ofstream{path()} << "4711471147114711\n";
  const auto file = PidFile::create(path());
  ASSERT_TRUE(file);
  EXPECT_EQ(content(), std::to_string(::getpid()));
}

TEST_F(PidFileTest, RefusesWhatALivingMasterHolds) {
  const auto first = PidFile::create(path());
  const auto second = PidFile::create(path());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text(), HasSubstr("another master running?"));
}

TEST_F(PidFileTest, StaysWhenAForkedChildEnds) {
  auto file = PidFile::create(path());
  const pid_t child = ::fork();
  if (child == 0) {
    { const auto mine = *std::move(file); }
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(content(), std::to_string(::getpid()));
}

TEST_F(PidFileTest, IsFreeWhenTheMasterIsGoneThoughAChildLives) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::optional<Result<PidFile>> file{PidFile::create(path())};
  const pid_t child = ::fork();
  if (child == 0) {
    (*file)->close_in_child();
    ::close(ends[1]);
    char none = 0;
    ::_exit(static_cast<int>(::read(ends[0], &none, 1)));
  }
  file.reset();
  EXPECT_TRUE(PidFile::create(path()));
  ::close(ends[1]);
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
}

TEST_F(PidFileTest, LeavesAFileThatTookItsPlaceAlone) {
  {
    const auto file = PidFile::create(path());
    std::filesystem::remove(path());
    std::ofstream{path()} << "another's\n";
  }
  EXPECT_EQ(content(), "another's");
}

TEST_F(PidFileTest, TakesAnotherNameLockAndAllWhateverStandsThere) {
  const auto second = std::filesystem::path{path().native() + ".2"};
  std::ofstream{path()} << "4711471147114711\n";
  {
    auto file = PidFile::create(second);
    ASSERT_TRUE(file) << file.error().text();
    ASSERT_TRUE(file->rename_to(path()));
    EXPECT_EQ(content(), std::to_string(::getpid()));
    EXPECT_FALSE(std::filesystem::exists(second));
    EXPECT_FALSE(PidFile::create(path()));
  }
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(PidFileTest, TakesAnotherNameAlsoWhereNobodyHasIt) {
  auto file = PidFile::create(path().native() + ".2");
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->rename_to(path()));
  EXPECT_EQ(content(), std::to_string(::getpid()));
}

TEST_F(PidFileTest, KeepsItsNameWhereItCannotHaveTheOther) {
  {
    auto file = PidFile::create(path());
    ASSERT_TRUE(file);
    const auto renamed = file->rename_to(folder_ / "none/indrik.pid");
    ASSERT_FALSE(renamed);
    EXPECT_THAT(renamed.error().text(), EndsWith("none/indrik.pid: No such file or directory"));
    EXPECT_EQ(content(), std::to_string(::getpid()));
  }
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(PidFileTest, StaysBehindWhenItIsLeftToAnother) {
  {
    auto file = PidFile::create(path());
    ASSERT_TRUE(file);
    file->leave();
    EXPECT_FALSE(PidFile::create(path()));  // still locked
  }
  EXPECT_EQ(content(), std::to_string(::getpid()));
  EXPECT_TRUE(PidFile::create(path()));
}

TEST_F(PidFileTest, SaysWhyItCannotBeWritten) {
  const auto file = PidFile::create("/dev/full");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().text(), HasSubstr("write pid file /dev/full: "));
  const auto folder = PidFile::create(folder_.path());
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().text(), EndsWith("Is a directory"));
}

TEST_F(PidFileTest, SaysWhyItCannotBeMade) {
  const auto file = PidFile::create(folder_ / "none/indrik.pid");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().text(), EndsWith("indrik.pid: No such file or directory"));
}

}  // namespace
}  // namespace indrik::process
