#include "log/error_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/fd.h"

#include "support/temporary_folder.h"

namespace indrik::log {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class ErrorLogTest : public ::testing::Test {
 protected:
  std::string path() const { return (folder_ / "error.log").native(); }
  test::TemporaryFolder folder_;
};

TEST_F(ErrorLogTest, WritesTimeWithMillisecondsPidLevelAndText) {
  auto log = ErrorLog::open(path(), Level::info);
  ASSERT_TRUE(log);
  log->warning("worker {} is late", 7);
  EXPECT_THAT(test::contents_of(path()),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} \\[" +
                           std::to_string(::getpid()) + "\\] \\[warning\\] worker 7 is late\n"));
}

TEST_F(ErrorLogTest, LeavesOutWhatIsBelowTheLevel) {
  auto log = ErrorLog::open(path(), Level::warning);
  log->info("quiet");
  log->error("loud");
  EXPECT_FALSE(log->enabled(Level::info));
  EXPECT_TRUE(log->enabled(Level::warning));
  EXPECT_THAT(test::contents_of(path()), EndsWith("[error] loud\n"));
  EXPECT_THAT(test::contents_of(path()), ::testing::Not(HasSubstr("quiet")));
}

TEST_F(ErrorLogTest, EscapesWhatCouldForgeALine) {
  auto log = ErrorLog::open(path(), Level::info);
  log->info("{}", "a\nb\rc\td\x1b[31m\x7f ü");
  EXPECT_THAT(test::contents_of(path()), EndsWith("a\\nb\\rc\\td\\x1b[31m\\x7f ü\n"));
}

TEST_F(ErrorLogTest, NamesTheProcessThatWritesAfterAFork) {
  auto log = ErrorLog::open(path(), Level::info);
  const pid_t child = ::fork();
  if (child == 0) {
    log->info("from the child");
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_THAT(test::contents_of(path()), HasSubstr("[" + std::to_string(child) + "]"));
}

TEST_F(ErrorLogTest, AppendsToWhatIsThere) {
  std::ofstream{path()} << "before\n";
  auto log = ErrorLog::open(path(), Level::info);
  log->info("after");
  EXPECT_THAT(test::contents_of(path()), ::testing::StartsWith("before\n"));
}

TEST_F(ErrorLogTest, WritesToANewFileWhenReopenedAfterRotation) {
  auto log = ErrorLog::open(path(), Level::info);
  log->info("first");
  std::filesystem::rename(path(), path() + ".1");
  log->info("second");
  ASSERT_TRUE(log->reopen());
  log->info("third");
  EXPECT_THAT(test::contents_of(path() + ".1"), HasSubstr("second"));
  EXPECT_THAT(test::contents_of(path()), EndsWith("third\n"));
}

TEST_F(ErrorLogTest, KeepsTheOldFileWhenTheNewOneCannotBeOpened) {
  std::filesystem::create_directory((folder_ / "sub").native());
  auto log = ErrorLog::open((folder_ / "sub/error.log").native(), Level::info);
  std::filesystem::rename((folder_ / "sub").native(), (folder_ / "moved").native());
  const auto reopened = log->reopen();
  ASSERT_FALSE(reopened);
  EXPECT_THAT(reopened.error().text(), HasSubstr("/sub/error.log: No such file or directory"));
  log->info("still there");
  EXPECT_THAT(test::contents_of((folder_ / "moved/error.log").native()), EndsWith("still there\n"));
}

TEST_F(ErrorLogTest, SaysWhyAFileCannotBeOpened) {
  const auto log = ErrorLog::open((folder_ / "none/error.log").native(), Level::info);
  ASSERT_FALSE(log);
  EXPECT_THAT(log.error().text(), EndsWith("/none/error.log: No such file or directory"));
}

TEST_F(ErrorLogTest, OutlivesAFullDisk) {
  auto log = ErrorLog::open("/dev/full", Level::info);
  ASSERT_TRUE(log);
  log->info("lost");
  EXPECT_TRUE(log->enabled(Level::info));
}

/// Takes everything out of a pipe.
std::string drain(int fd) {
  std::string bytes(65'536, '\0');
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(fd, bytes.data(), bytes.size()), 0)));
  return bytes;
}

TEST_F(ErrorLogTest, SaysHowManyLinesAreMissingWhereAFullPipeWasNotRead) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  const Fd pipe{::open(path().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  ::alarm(30);  // a log that blocked would end the program
  auto log = ErrorLog::open(path(), Level::info);
  while (::write(pipe.get(), std::string(4096, '.').data(), 4096) > 0) {
  }
  for (int i = 0; i < 3; ++i) log->info("lost");
  while (drain(pipe.get()).find('.') != std::string::npos) {
  }
  log->error("back");
  log->info("as before");
  ::alarm(0);
  const auto text = drain(pipe.get());
  EXPECT_THAT(text, MatchesRegex("[^\n]* \\[warning\\] 3 lines were lost: the log could not be written\n"
                                 "[^\n]* \\[error\\] back\n"
                                 "[^\n]* \\[info\\] as before\n"));
}

TEST_F(ErrorLogTest, CountsOneLostLineInTheSingular) {
  ASSERT_EQ(::symlink("/dev/full", path().c_str()), 0);
  auto log = ErrorLog::open(path(), Level::info);
  log->info("lost");
  ASSERT_EQ(::unlink(path().c_str()), 0);
  ASSERT_TRUE(log->reopen());
  log->info("back");
  EXPECT_THAT(test::contents_of(path()), HasSubstr("[warning] 1 line was lost: the log could not be written\n"));
}

TEST_F(ErrorLogTest, WritesToStderrForADash) {
  ::testing::internal::CaptureStderr();
  auto log = ErrorLog::open("-", Level::info);
  log->info("seen");
  EXPECT_TRUE(log->reopen());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), EndsWith("[info] seen\n"));
}

/// As the service manager sets it for a stream of the journal's.
class StreamOfTheJournal {
 public:
  explicit StreamOfTheJournal(const std::string& path) {
    struct stat status {};
    ::stat(path.c_str(), &status);
    ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", status.st_dev, status.st_ino).c_str(), 1);
  }
  ~StreamOfTheJournal() { ::unsetenv("JOURNAL_STREAM"); }
  StreamOfTheJournal(const StreamOfTheJournal&) = delete;
  StreamOfTheJournal& operator=(const StreamOfTheJournal&) = delete;
};

TEST_F(ErrorLogTest, SaysThePriorityOfEachLineToTheJournal) {
  const StreamOfTheJournal journal{folder_.write("error.log")};
  auto log = ErrorLog::open(path(), Level::debug);
  log->debug("1");
  log->info("2");
  log->warning("3");
  log->critical("4");
  log->write_block(Level::error, "5", std::vector<std::string>{"below", "it"});
  EXPECT_THAT(test::contents_of(path()), MatchesRegex("<7>[^\n]* 1\n<6>[^\n]* 2\n<4>[^\n]* 3\n<2>[^\n]* 4\n"
                                                      "<3>2[^\n]*\\[error\\] 5\n<3>    below\n<3>    it\n"));
}

TEST_F(ErrorLogTest, SaysPrioritiesToNobodyElse) {
  const StreamOfTheJournal journal{folder_.write("journal")};
  auto log = ErrorLog::open((folder_ / "journal").native(), Level::info);
  ASSERT_TRUE(log->redirect(path(), Level::info));
  log->error("to a file");
  EXPECT_THAT(test::contents_of(path()), ::testing::StartsWith("2"));
  ASSERT_TRUE(log->redirect((folder_ / "journal").native(), Level::info));
  log->error("to the journal");
  EXPECT_THAT(test::contents_of((folder_ / "journal").native()), ::testing::StartsWith("<3>2"));
}

TEST_F(ErrorLogTest, BelievesNoJournalThatIsAnotherFile) {
  ::setenv("JOURNAL_STREAM", "8:1", 1);
  auto log = ErrorLog::open(path(), Level::info);
  log->error("text");
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_THAT(test::contents_of(path()), ::testing::StartsWith("2"));
}

}  // namespace
}  // namespace indrik::log
