#include "process/program.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "support/temporary_folder.h"

namespace indrik::process {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A program that was "started" through a link to this test's own file; what stands there later is what starts.
class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    std::filesystem::create_directory(folder_ / "home");
    std::filesystem::create_symlink(std::filesystem::read_symlink("/proc/self/exe"), link_);
    if (::pipe2(report_.data(), O_CLOEXEC) != 0) std::abort();
  }
  ~ProgramTest() override {
    std::filesystem::current_path(before_);
    close_reports();
  }
  Program captured(std::vector<const char*> environment = {}) {
    std::filesystem::current_path(folder_ / "home");
    environment.push_back(nullptr);
    const auto name = link_.native();
    const std::array<const char*, 3> arguments{name.c_str(), "a word", nullptr};
    return Program::capture(2, arguments.data(), environment.data(), "PRIVATE_");
  }
  /// What it writes to its report and how it ended, with `variables` added to its environment.
  std::string start(const Program& program, std::vector<std::string> variables = {}, std::vector<int> kept = {}) {
    const auto child = program.start(kept, report_[1], [&](pid_t pid) {
      variables.push_back("CHILD=" + std::to_string(pid));
      return variables;
    });
    EXPECT_TRUE(child);
    ::close(std::exchange(report_[1], -1));
    std::string text;
    std::array<char, 4096> chunk;
    for (ssize_t size = 0; (size = ::read(report_[0], chunk.data(), chunk.size())) > 0;)
      text.append(chunk.data(), static_cast<std::size_t>(size));
    ::waitpid(*child, &status_, 0);
    return text;
  }
  /// What stands at the program's place from now on: a shell script, whose output is the report.
  void replace(const std::string& script) {
    std::filesystem::remove(link_);
    folder_.write("program", "#!/bin/sh\nexec >/proc/self/fd/" + std::to_string(report_[1]) + "\n" + script + "\n");
    std::filesystem::permissions(link_, std::filesystem::perms::owner_all);
  }
  void close_reports() {
    for (int& end : report_)
      if (end >= 0) ::close(std::exchange(end, -1));
  }

  const std::filesystem::path before_ = std::filesystem::current_path();
  test::TemporaryFolder folder_;
  std::filesystem::path link_ = folder_ / "program";
  std::array<int, 2> report_{-1, -1};
  int status_ = -1;
};

TEST_F(ProgramTest, StartsWhatStandsThereNowWithArgumentsFolderAndEnvironmentOfTheFirstStart) {
  const auto program = captured({"FIRST=one", "PRIVATE_NUMBER=9"});
  EXPECT_EQ(program.path(), link_);
  std::filesystem::current_path("/");
  replace("echo \"$1 in $(pwd)\"; env");
  const auto told = start(program, {"ADDED=two"});
  EXPECT_THAT(told, StartsWith("a word in " + std::filesystem::canonical(folder_ / "home").native() + "\n"));
  EXPECT_THAT(told, AllOf(HasSubstr("\nFIRST=one\n"), HasSubstr("\nADDED=two\n"), Not(HasSubstr("PRIVATE_"))));
  EXPECT_THAT(told, HasSubstr("\nCHILD="));
  EXPECT_EQ(status_, 0);
}

TEST_F(ProgramTest, LeavesOutWhatTheServiceManagerSaidToThisProcessAlone) {
  const auto ours = "WATCHDOG_PID=" + std::to_string(::getpid());
  const auto program = captured({"LISTEN_PID=1", "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b", ours.c_str(), "WATCHDOG_USEC=7",
                                 "NOTIFY_SOCKET=/run/notify", "LISTEN_FDSTORE=no"});
  replace("env");
  EXPECT_THAT(start(program),
              AllOf(Not(HasSubstr("LISTEN_PID=")), Not(HasSubstr("LISTEN_FDS=")), Not(HasSubstr("LISTEN_FDNAMES=")),
                    Not(HasSubstr("WATCHDOG_PID=")), HasSubstr("WATCHDOG_USEC=7\n"),
                    HasSubstr("NOTIFY_SOCKET=/run/notify\n"), HasSubstr("LISTEN_FDSTORE=no\n")));
}

TEST_F(ProgramTest, KeepsAWatchdogThatIsMeantForAnother) {
  const auto program = captured({"WATCHDOG_PID=1"});
  replace("env");
  EXPECT_THAT(start(program), HasSubstr("WATCHDOG_PID=1\n"));
}

TEST_F(ProgramTest, HandsOverTheKeptDescriptorsAndNoOther) {
  const auto kept = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const auto other = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const auto program = captured();
  replace("for fd in " + std::to_string(kept) + " " + std::to_string(other) +
          "; do [ -e /proc/self/fd/$fd ] && echo has $fd; done");
  EXPECT_EQ(start(program, {}, {kept}), "has " + std::to_string(kept) + "\n");
  ::close(kept);
  ::close(other);
}

TEST_F(ProgramTest, BlocksNoSignalInTheChild) {
  const auto program = captured();
  replace("while read -r name mask; do [ $name = SigBlk: ] && echo $mask; done </proc/self/status");
  sigset_t before;
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  EXPECT_EQ(start(program), "0000000000000000\n");
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(ProgramTest, TellsThroughTheReportThatNothingStandsThere) {
  const auto program = captured();
  std::filesystem::remove(link_);
  EXPECT_EQ(start(program), "execute " + link_.native() + ": No such file or directory\n\x7e");
  EXPECT_EQ(WEXITSTATUS(status_), 126);
}

TEST_F(ProgramTest, TellsThroughTheReportThatItMayNotBeExecuted) {
  const auto program = captured();
  replace("");
  std::filesystem::permissions(link_, std::filesystem::perms::owner_read);
  EXPECT_EQ(start(program), "execute " + link_.native() + ": Permission denied\n\x7e");
}

TEST_F(ProgramTest, TellsThroughTheReportThatItIsNoProgram) {
  const auto program = captured();
  std::filesystem::remove(link_);
  folder_.write("program", std::string{"\x7f"
                                       "ELF and then nothing"});
  std::filesystem::permissions(link_, std::filesystem::perms::owner_all);
  EXPECT_EQ(start(program), "execute " + link_.native() + ": Exec format error\n\x7e");
}

TEST_F(ProgramTest, TellsThroughTheReportThatTheFolderHasGone) {
  const auto program = captured();
  std::filesystem::current_path("/");
  std::filesystem::remove(folder_ / "home");
  EXPECT_EQ(start(program), "enter " + (folder_ / "home").native() + ": No such file or directory\n\x7e");
}

TEST_F(ProgramTest, IsFoundInThePathOrElseWhereItReallyStands) {
  const auto path_of = [&](const char* name) {
    const std::array<const char*, 2> arguments{name, nullptr};
    return Program::capture(1, arguments.data(), nullptr, "PRIVATE_").path();
  };
  const std::string places = std::getenv("PATH");
  ::setenv("PATH", ("/nowhere:" + folder_.path().native() + ":/bin").c_str(), 1);
  EXPECT_EQ(path_of("program"), link_);
  const auto itself = std::filesystem::read_symlink("/proc/self/exe");
  EXPECT_EQ(path_of("sh"), itself);  // a lie: argv[0] is the caller's to choose
  EXPECT_EQ(path_of("/bin/sh"), itself);
  EXPECT_EQ(path_of(""), itself);
  ::unsetenv("PATH");
  EXPECT_EQ(path_of("program"), itself);
  ::setenv("PATH", places.c_str(), 1);
}

}  // namespace
}  // namespace indrik::process
