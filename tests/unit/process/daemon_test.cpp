#include "process/daemon.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace indrik::process {
namespace {

/// How a launching command ended, what it wrote to its stderr, and what the daemon told on a pipe of the test's.
struct Launch {
  int code = -1;
  std::string error;
  std::string told;
};

std::string read_to_end(int fd) {
  std::string text;
  char chunk[256];
  ssize_t size = 0;
  while ((size = ::read(fd, chunk, sizeof chunk)) > 0) text.append(chunk, static_cast<std::size_t>(size));
  return text;
}

/// Runs detach() in a child of the test and `daemon` in what it leaves; told_fd is for the daemon's words.
template <class Daemon>
Launch launch(Daemon daemon) {
  int error[2];
  int told[2];
  if (::pipe2(error, O_CLOEXEC) != 0 || ::pipe2(told, O_CLOEXEC) != 0) return {};
  const pid_t command = ::fork();
  if (command == 0) {
    ::dup2(error[1], STDERR_FILENO);
    auto detached = detach();
    if (!detached) ::_exit(99);
    if (!detached->launcher) ::_exit(detached->code);
    ::close(error[1]);
    daemon(*detached->launcher, told[1]);
    ::_exit(0);
  }
  ::close(error[1]);
  ::close(told[1]);
  Launch result;
  result.error = read_to_end(error[0]);  // ends when nobody holds the terminal any more
  int status = 0;
  ::waitpid(command, &status, 0);
  if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
  result.told = read_to_end(told[0]);  // ends with the daemon
  ::close(error[0]);
  ::close(told[0]);
  return result;
}

void tell(int fd, const std::string& text) { (void)!::write(fd, text.data(), text.size()); }

TEST(DaemonTest, ReleasesTheCommandWithACode) {
  const auto ended = launch([](Launcher& launcher, int) { launcher.release(0); });
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.error, "");
}

TEST(DaemonTest, HandsAFailureToTheCommand) {
  const auto ended = launch([](Launcher& launcher, int) { launcher.release(4, "it is not there"); });
  EXPECT_EQ(ended.code, 4);
  EXPECT_EQ(ended.error, "it is not there\n");
}

TEST(DaemonTest, TellsTheCommandWhenItDiesBeforeItIsReady) {
  const auto ended = launch([](Launcher&, int) { ::raise(SIGKILL); });
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.error, "the daemon ended before it was ready\n");
}

TEST(DaemonTest, CountsTheFirstReleaseOnly) {
  const auto ended = launch([](Launcher& launcher, int) {
    launcher.release(0);
    launcher.release(3, "too late");
  });
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.error, "");
}

TEST(DaemonTest, LivesOnAfterTheRelease) {
  const auto ended = launch([](Launcher& launcher, int told) {
    launcher.release(0);
    tell(told, "still here");
  });
  EXPECT_EQ(ended.told, "still here");
}

TEST(DaemonTest, HasASessionOfItsOwnThatItDoesNotLead) {
  static pid_t tests_session = 0;
  tests_session = ::getsid(0);
  const auto ended = launch([](Launcher& launcher, int told) {
    tell(told, ::getsid(0) != tests_session && ::getsid(0) != ::getpid() ? "own" : "not own");
    launcher.release(0);
  });
  EXPECT_EQ(ended.told, "own");
}

TEST(DaemonTest, HasNothingOfTheTerminal) {
  const auto ended = launch([](Launcher& launcher, int told) {
    char target[64] = "";
    for (int fd = 0; fd < 3; ++fd) {
      const auto size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
      tell(told, std::string{target, static_cast<std::size_t>(size)} + ' ');
    }
    launcher.release(0);
  });
  EXPECT_EQ(ended.told, "/dev/null /dev/null /dev/null ");
}

TEST(DaemonTest, IsNotHeldUpByAChildThatHasClosedItsEnd) {
  const auto ended = launch([](Launcher& launcher, int told) {
    int hold[2];
    if (::pipe2(hold, O_CLOEXEC) != 0) return;
    const pid_t worker = ::fork();
    if (worker == 0) {
      launcher.close_in_child();
      ::close(told);
      ::close(hold[1]);
      char byte = 0;
      (void)!::read(hold[0], &byte, 1);
      ::_exit(0);
    }
    launcher.release(0);  // the command returns although the worker lives
    ::close(hold[1]);
    ::waitpid(worker, nullptr, 0);
    tell(told, "done");
  });
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.told, "done");
}

}  // namespace
}  // namespace indrik::process
