#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "base/fd.h"
#include "unit/fiber/conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

class ProcessHookTest : public ConformanceTest {};

pid_t child_that_exits(int code) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(code);
  return child;
}

/// Ends when the other end of the pipe is closed.
struct WaitingChild {
  WaitingChild() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    release = Fd{ends[1]};
    const Fd read_end{ends[0]};
    pid = ::fork();
    if (pid != 0) return;
    ::close(ends[1]);
    char byte = 0;
    ::_exit(static_cast<int>(::read(ends[0], &byte, 1)) + 3);
  }
  Fd release;
  pid_t pid = -1;
};

long answer(pid_t result, pid_t expected) {
  if (result == expected) return 1;
  return result < 0 ? -errno : result;
}

TEST_F(ProcessHookTest, WaitsForChildrenAsOutsideOfFibers) {
  expect_the_same([] {
    Results results;
    int status = 0;
    rusage usage{};
    const auto add = [&](pid_t ended, pid_t child) {
      results.push_back(answer(ended, child));
      results.push_back(WEXITSTATUS(status));
    };
    pid_t child = child_that_exits(1);
    add(::waitpid(child, &status, 0), child);
    add(::waitpid(child, &status, 0), child);  // ECHILD
    child = child_that_exits(2);
    add(::waitpid(-1, &status, 0), child);
    child = child_that_exits(3);
    add(::waitpid(0, &status, WUNTRACED), child);
    child = child_that_exits(4);
    add(::wait(&status), child);
    child = child_that_exits(5);
    add(::wait3(&status, 0, &usage), child);
    child = child_that_exits(6);
    add(::wait4(child, &status, 0, &usage), child);
    add(::wait(&status), 0);                    // ECHILD
    add(::waitpid(child, &status, 0x4000), 0);  // EINVAL
    const WaitingChild waiting;
    add(::waitpid(waiting.pid, &status, WNOHANG), 0);
    ::kill(waiting.pid, SIGSTOP);
    add(::waitpid(waiting.pid, &status, WUNTRACED), waiting.pid);
    results.push_back(WIFSTOPPED(status));
    ::kill(waiting.pid, SIGKILL);
    add(::waitpid(waiting.pid, &status, 0), waiting.pid);
    results.push_back(WTERMSIG(status));
    return results;
  });
}

TEST_F(ProcessHookTest, WaitidAnswersAsOutsideOfFibers) {
  expect_the_same([] {
    Results results;
    siginfo_t info{};
    pid_t child = child_that_exits(7);
    results.push_back(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT));
    results.push_back(info.si_pid == child && info.si_status == 7 && info.si_code == CLD_EXITED);
    results.push_back(::waitid(P_ALL, 0, nullptr, WEXITED));
    results.push_back(::waitid(P_ALL, 0, &info, WEXITED) == 0 ? 0 : errno);
    child = child_that_exits(8);
    const Fd descriptor{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
    results.push_back(::waitid(P_PIDFD, static_cast<id_t>(descriptor.get()), &info, WEXITED));
    results.push_back(info.si_status);
    results.push_back(::waitid(P_PID, 1, &info, 0) == 0 ? 0 : errno);
    return results;
  });
}

TEST_F(ProcessHookTest, ServesOthersUntilTheChildHasEnded) {
  for (const auto wait :
       {+[](pid_t child) { return ::waitpid(child, nullptr, 0); }, +[](pid_t) { return ::wait(nullptr); },
        +[](pid_t child) { return ::waitid(P_PID, static_cast<id_t>(child), nullptr, WEXITED) == 0 ? child : -1; }}) {
    WaitingChild child;
    pid_t ended = 0;
    start([&] { ended = wait(child.pid); });
    EXPECT_EQ(ended, 0);
    child.release.reset();
    finish();
    EXPECT_EQ(ended, child.pid);
  }
}

TEST_F(ProcessHookTest, IsLeftByACancelledTask) {
  WaitingChild child;
  int error = 0;
  Fiber* const waiter = start([&] { error = ::waitpid(child.pid, nullptr, 0) < 0 ? errno : 0; });
  cancel(*waiter);
  EXPECT_EQ(error, ECANCELED);
  finish();
  child.release.reset();
  EXPECT_EQ(::waitpid(child.pid, nullptr, 0), child.pid);
}

TEST_F(ProcessHookTest, SystemAndPcloseAnswerAsOutsideOfFibers) {
  expect_the_same([] {
    Results results{::system(nullptr) != 0, ::system("exit 3"), ::system("true")};
    FILE* const stream = ::popen("echo hello; exit 4", "r");
    char text[16] = {};
    results.push_back(std::fgets(text, sizeof text, stream) != nullptr);
    results.push_back(text[0]);
    results.push_back(::pclose(stream));
    return results;
  });
}

TEST_F(ProcessHookTest, TheChildOfAForkIsOnNoFiber) {
  int status = -1;
  in_fiber([&] {
    const pid_t child = ::fork();
    if (child == 0) {
      ::usleep(1000);  // blocks: there is no loop
      ::_exit(current() == nullptr ? 9 : 1);
    }
    ::waitpid(child, &status, 0);
  });
  EXPECT_EQ(WEXITSTATUS(status), 9);
}

TEST_F(ProcessHookTest, AChildThatReturnsFromItsTaskEndsThere) {
  int status = -1;
  pid_t child = -1;
  in_fiber([&] { child = ::fork(); });
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), EXIT_FAILURE);
}

}  // namespace
}  // namespace indrik::fiber
