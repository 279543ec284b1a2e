#include "process/signal_queue.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace indrik::process {
namespace {

/// Runs `body` in a child, where blocking signals disturbs no other test; its result is the exit code.
template <class Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(SignalQueueTest, GivesSignalsOneByOneWithTheirSender) {
  EXPECT_EQ(in_child([] {
              auto queue = SignalQueue::open({SIGTERM, SIGHUP});
              if (!queue || queue->next()) return 1;
              ::raise(SIGTERM);
              ::raise(SIGHUP);
              const auto first = queue->next();
              const auto second = queue->next();
              if (!first || !second || queue->next()) return 2;
              if (first->ssi_pid != static_cast<unsigned>(::getpid())) return 3;
              return first->ssi_signo + second->ssi_signo == SIGTERM + SIGHUP ? 0 : 4;
            }),
            0);
}

TEST(SignalQueueTest, IsReadableWhileASignalWaits) {
  EXPECT_EQ(in_child([] {
              auto queue = SignalQueue::open({SIGUSR1});
              pollfd ready{.fd = queue->fd(), .events = POLLIN, .revents = 0};
              if (::poll(&ready, 1, 0) != 0) return 1;
              ::raise(SIGUSR1);
              if (::poll(&ready, 1, 0) != 1) return 2;
              (void)queue->next();
              return ::poll(&ready, 1, 0) == 0 ? 0 : 3;
            }),
            0);
}

TEST(SignalQueueTest, LeavesOtherSignalsAlone) {
  EXPECT_EQ(in_child([] {
              auto queue = SignalQueue::open({SIGTERM});
              ::raise(SIGUSR2);
              return 0;
            }),
            -SIGUSR2);
}

TEST(SignalQueueTest, EndsInAChildThatTakesTheDefaultsBack) {
  EXPECT_EQ(in_child([] {
              auto queue = SignalQueue::open({SIGTERM});
              restore_default_signals_in_child();
              ::raise(SIGTERM);
              return 0;
            }),
            -SIGTERM);
}

TEST(SignalQueueTest, LeavesBrokenPipesIgnoredInAChild) {
  EXPECT_EQ(in_child([] {
              restore_default_signals_in_child();
              int ends[2];
              if (::pipe(ends) != 0) return 1;
              ::close(ends[0]);
              return ::write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace indrik::process
