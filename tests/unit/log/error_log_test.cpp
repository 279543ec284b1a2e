#include "log/error_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace indrik::log {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class ErrorLogTest : public ::testing::Test {
 protected:
  ErrorLogTest() {
    char path[] = "/tmp/indrik-log-XXXXXX";
    folder_ = ::mkdtemp(path);
  }
  ~ErrorLogTest() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/error.log"; }
  static std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
  }
  std::string folder_;
};

TEST_F(ErrorLogTest, WritesTimeWithMillisecondsPidLevelAndText) {
  auto log = ErrorLog::open(path(), Level::info);
  ASSERT_TRUE(log);
  log->warning("worker {} is late", 7);
  EXPECT_THAT(content(path()), MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} \\[" +
                                            std::to_string(::getpid()) + "\\] \\[warning\\] worker 7 is late\n"));
}

TEST_F(ErrorLogTest, LeavesOutWhatIsBelowTheLevel) {
  auto log = ErrorLog::open(path(), Level::warning);
  log->info("quiet");
  log->error("loud");
  EXPECT_FALSE(log->enabled(Level::info));
  EXPECT_TRUE(log->enabled(Level::warning));
  EXPECT_THAT(content(path()), EndsWith("[error] loud\n"));
  EXPECT_THAT(content(path()), ::testing::Not(HasSubstr("quiet")));
}

TEST_F(ErrorLogTest, EscapesWhatCouldForgeALine) {
  auto log = ErrorLog::open(path(), Level::info);
  log->info("{}", "a\nb\rc\td\x1b[31m\x7f ü");
  EXPECT_THAT(content(path()), EndsWith("a\\nb\\rc\\td\\x1b[31m\\x7f ü\n"));
}

TEST_F(ErrorLogTest, NamesTheProcessThatWritesAfterAFork) {
  auto log = ErrorLog::open(path(), Level::info);
  const pid_t child = ::fork();
  if (child == 0) {
    log->info("from the child");
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_THAT(content(path()), HasSubstr("[" + std::to_string(child) + "]"));
}

TEST_F(ErrorLogTest, AppendsToWhatIsThere) {
  std::ofstream{path()} << "before\n";
  auto log = ErrorLog::open(path(), Level::info);
  log->info("after");
  EXPECT_THAT(content(path()), ::testing::StartsWith("before\n"));
}

TEST_F(ErrorLogTest, WritesToANewFileWhenReopenedAfterRotation) {
  auto log = ErrorLog::open(path(), Level::info);
  log->info("first");
  std::filesystem::rename(path(), path() + ".1");
  log->info("second");
  ASSERT_TRUE(log->reopen());
  log->info("third");
  EXPECT_THAT(content(path() + ".1"), HasSubstr("second"));
  EXPECT_THAT(content(path()), EndsWith("third\n"));
}

TEST_F(ErrorLogTest, KeepsTheOldFileWhenTheNewOneCannotBeOpened) {
  std::filesystem::create_directory(folder_ + "/sub");
  auto log = ErrorLog::open(folder_ + "/sub/error.log", Level::info);
  std::filesystem::rename(folder_ + "/sub", folder_ + "/moved");
  const auto reopened = log->reopen();
  ASSERT_FALSE(reopened);
  EXPECT_THAT(reopened.error().text(), HasSubstr("/sub/error.log: No such file or directory"));
  log->info("still there");
  EXPECT_THAT(content(folder_ + "/moved/error.log"), EndsWith("still there\n"));
}

TEST_F(ErrorLogTest, SaysWhyAFileCannotBeOpened) {
  const auto log = ErrorLog::open(folder_ + "/none/error.log", Level::info);
  ASSERT_FALSE(log);
  EXPECT_THAT(log.error().text(), EndsWith("/none/error.log: No such file or directory"));
}

TEST_F(ErrorLogTest, OutlivesAFullDisk) {
  auto log = ErrorLog::open("/dev/full", Level::info);
  ASSERT_TRUE(log);
  log->info("lost");
  EXPECT_TRUE(log->enabled(Level::info));
}

TEST_F(ErrorLogTest, WritesToStderrForADash) {
  ::testing::internal::CaptureStderr();
  auto log = ErrorLog::open("-", Level::info);
  log->info("seen");
  EXPECT_TRUE(log->reopen());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), EndsWith("[info] seen\n"));
}

}  // namespace
}  // namespace indrik::log
