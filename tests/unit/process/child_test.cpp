#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/exit_status.h"
#include "process/parent.h"

namespace indrik::process {
namespace {

int status_of_child(void (*body)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(ExitStatusTest, TellsACode) {
  EXPECT_EQ(exit_description(status_of_child([] { ::_exit(3); })), "exited with code 3");
}

TEST(ExitStatusTest, TellsASignal) {
  EXPECT_EQ(exit_description(status_of_child([] { ::raise(SIGKILL); })), "was killed by SIGKILL");
}

TEST(ExitStatusTest, NumbersASignalWithoutAName) { EXPECT_EQ(signal_name(SIGRTMAX), "signal 64"); }

TEST(ParentTest, EndsAChildWhoseParentEnds) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const pid_t self = ::getpid();
    int ready[2];
    if (::pipe(ready) != 0) ::_exit(1);
    if (::fork() == 0) {
      if (!die_with_parent(self)) ::_exit(1);
      (void)!::write(ready[1], "r", 1);
      while (true) ::pause();
    }
    char byte = 0;
    (void)!::read(ready[0], &byte, 1);
    ::_exit(0);
  }
  ::close(ends[1]);
  // The grandchild holds the pipe's last writing end: its end is our end of file.
  pollfd ended{.fd = ends[0], .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ended, 1, 10'000), 1);
  ::waitpid(parent, nullptr, 0);
  ::close(ends[0]);
}

TEST(ParentTest, SaysThatTheParentIsGoneAlready) {
  EXPECT_EQ(status_of_child([] { ::_exit(die_with_parent(::getppid() + 1) ? 1 : 0); }), 0);
}

}  // namespace
}  // namespace indrik::process
