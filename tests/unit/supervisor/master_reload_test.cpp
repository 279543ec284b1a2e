#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "server.h"

namespace indrik::supervisor::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr Policy kTwo{.workers = 2, .timeout = 0ms};

/// A worker of a new plan: says so, and is obedient.
int renewed(const Seat& seat) {
  say(seat, "new");
  return obedient(seat);
}

Server::Setup reloading_into(Plan plan) {
  return {.policy = kTwo, .reload = [plan = std::move(plan)]() -> Result<Plan> { return plan; }};
}

/// The two first workers stand in seats 0 and 1; a reload puts its own into 2 and 3.
void expect_first_workers(Server& server, pid_t first, pid_t second) {
  EXPECT_EQ(server.pid_of(0), first);
  EXPECT_EQ(server.pid_of(1), second);
}

TEST(MasterReloadTest, ExchangesWorkerByWorkerEachNewOneReadyFirst) {
  Server server{reloading_into({.policy = kTwo, .worker_main = renewed})};
  server.await("all 2 workers are ready");
  server.await_ready(2);
  server.signal(SIGHUP);
  server.await("seat 2: new");
  server.await("worker 2 (pid");
  server.await_ready(1);
  EXPECT_FALSE(server.said_before("got SIGTERM"));
  EXPECT_FALSE(server.said_before("seat 3: new"));
  EXPECT_THAT(server.await("seat 0: got SIGTERM"), Not(HasSubstr("the server stops")));
  server.await("seat 3: new");
  server.await_ready(1);
  EXPECT_FALSE(server.said_before("seat 1: got SIGTERM"));
  server.await("reload done: 2 new workers are ready");
  EXPECT_THAT(server.await("seat 1: got SIGTERM"), Not(HasSubstr("the server stops")));
  server.await("exited with code 0");
  server.await("exited with code 0");
  EXPECT_EQ(server.pid_of(0), 0);
  EXPECT_EQ(server.pid_of(1), 0);
  EXPECT_NE(server.pid_of(2), 0);
  EXPECT_NE(server.pid_of(3), 0);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, ReplacesWorkersByTheNewPlanAfterwards) {
  Server server{reloading_into({.policy = kTwo, .worker_main = renewed})};
  server.await("all 2 workers are ready");
  server.signal(SIGHUP);
  server.await("reload done");
  server.await("seat 2: new");
  server.signal_worker(2, SIGKILL);
  server.await(": new");
  server.await(": new");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, KeepsEverythingWhenTheConfigurationIsWrong) {
  Server server{
      {.policy = kTwo, .reload = []() -> Result<Plan> { return fail(Error{"indrik.toml:3: unknown key 'wrokers'"}); }}};
  server.await("all 2 workers are ready");
  const auto first = server.pid_of(0);
  const auto second = server.pid_of(1);
  server.signal(SIGHUP);
  server.await("reload failed: indrik.toml:3: unknown key 'wrokers'; nothing has changed");
  expect_first_workers(server, first, second);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, KeepsTheOldWorkersWhenANewOneEndsBeforeItIsReady) {
  Server server{reloading_into(
      {.policy = kTwo, .worker_main = [](const Seat& seat) { return seat.number == 2 ? 4 : renewed(seat); }})};
  server.await("all 2 workers are ready");
  const auto first = server.pid_of(0);
  const auto second = server.pid_of(1);
  server.signal(SIGHUP);
  const auto line = server.await("reload failed");
  EXPECT_THAT(line, HasSubstr("exited with code 4"));
  EXPECT_THAT(line, HasSubstr("the workers of before stay"));
  expect_first_workers(server, first, second);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, KeepsTheOldWorkersWhenANewOneCrashesAsSoonAsItIsReady) {
  Server server{reloading_into({.policy = kTwo, .worker_main = [](const Seat& seat) -> int {
                                  if (seat.number == 2) {
                                    become_ready(seat);
                                    return 1;
                                  }
                                  while (true) ::pause();
                                }})};
  server.await("all 2 workers are ready");
  const auto first = server.pid_of(0);
  const auto second = server.pid_of(1);
  server.signal(SIGHUP);
  EXPECT_THAT(server.await("reload failed"), HasSubstr("worker 2 (pid"));
  expect_first_workers(server, first, second);
  server.signal(SIGQUIT);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, BringsTheOldPlanBackWhenAnotherThanTheFirstNewOneFails) {
  Shared born;
  Server server{{.policy = kTwo,
                 .worker =
                     [](const Seat& seat) {
                       say(seat, "old");
                       return obedient(seat);
                     },
                 .reload = [&]() -> Result<Plan> {
                   return Plan{.policy = kTwo, .worker_main = [&](const Seat& seat) {
                                 return born->fetch_add(1) == 0 ? renewed(seat) : 4;
                               }};
                 }}};
  server.await("all 2 workers are ready");
  server.await("seat 0: old");
  server.await("seat 1: old");
  server.signal(SIGHUP);
  server.await("seat 2: new");
  server.await("seat 0: got SIGTERM");
  server.await("reload failed");
  server.await("seat 2: got SIGTERM");
  server.await(": old");
  server.await_ready(1);
  EXPECT_NE(server.pid_of(1), 0);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, KeepsTheOldWorkersWhenANewOneIsNotReadyInTime) {
  Server server{reloading_into(
      {.policy = {.workers = 2, .timeout = 0ms, .boot_timeout = 100ms}, .worker_main = [](const Seat&) -> int {
         while (true) ::pause();
       }})};
  server.await("all 2 workers are ready");
  const auto first = server.pid_of(0);
  const auto second = server.pid_of(1);
  server.signal(SIGHUP);
  server.await("is not ready after 0.1 s: sending SIGABRT");
  server.await("reload failed");
  expect_first_workers(server, first, second);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, LetsANewWorkerThatRetiresFinishWhenAnotherOneFails) {
  int gate[2];
  ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
  const Fd exit{gate[0]};
  const Fd entrance{gate[1]};
  Server server{reloading_into({.policy = kTwo, .worker_main = [&](const Seat& seat) {
                                  if (seat.number == 2) {
                                    become_ready(seat);
                                    retire(seat);
                                  } else {
                                    char byte = 0;
                                    (void)!::read(exit.get(), &byte, 1);
                                    if (seat.number == 3) return 4;
                                  }
                                  return obedient(seat);
                                }})};
  server.await("all 2 workers are ready");
  server.signal(SIGHUP);
  EXPECT_THAT(server.await("retires by itself"), HasSubstr("worker 2 (pid"));
  ASSERT_EQ(::write(entrance.get(), "12", 2), 2);
  server.await("reload failed");
  server.signal(SIGUSR1);
  server.await("seat 2: got SIGUSR1");
  EXPECT_FALSE(server.said_before("seat 2: got SIGQUIT"));
  server.signal(SIGQUIT);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, LeavesTheOldWorkersTheGracefulTimeoutThatTheyWereStartedWith) {
  Server server{{.policy = {.workers = 1, .timeout = 0ms, .graceful_timeout = 20s},
                 .worker =
                     [](const Seat& seat) {
                       obedient(seat);
                       ::poll(nullptr, 0, 1'300);  // longer than the new plan would allow
                       say(seat, "stopped in order");
                       return 0;
                     },
                 .reload = []() -> Result<Plan> {
                   return Plan{.policy = {.workers = 1, .timeout = 0ms, .graceful_timeout = 1ms},
                               .worker_main = renewed};
                 }}};
  server.await("all 1 workers are ready");
  server.signal(SIGHUP);
  server.await("reload done");
  server.await("seat 0: stopped in order");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, CanSucceedAfterItHasFailed) {
  Shared fixed;
  Server server{reloading_into(
      {.policy = kTwo, .worker_main = [&](const Seat& seat) { return *fixed == 0 ? 4 : renewed(seat); }})};
  server.await("all 2 workers are ready");
  server.signal(SIGHUP);
  server.await("reload failed");
  *fixed = 1;
  server.signal(SIGHUP);
  server.await("reload done");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, DoesAReloadThatIsAskedForDuringAReloadAfterwards) {
  int gate[2];
  ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
  const Fd exit{gate[0]};
  const Fd entrance{gate[1]};
  Server server{reloading_into({.policy = {.workers = 1, .timeout = 0ms}, .worker_main = [&](const Seat& seat) {
                                  say(seat, "at the gate");
                                  char byte = 0;
                                  (void)!::read(exit.get(), &byte, 1);
                                  return obedient(seat);
                                }})};
  server.await("all 2 workers are ready");
  server.signal(SIGHUP);
  server.await("at the gate");
  server.signal(SIGHUP);
  server.signal(SIGUSR1);  // read after the HUP: once it is answered, the HUP has been seen
  server.await("seat 0: got SIGUSR1");
  ASSERT_EQ(::write(entrance.get(), "12", 2), 2);
  server.await("reload done");
  server.await("at the gate");
  server.await("reload done");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, GoesBackToTheConfiguredNumber) {
  Server server{reloading_into({.policy = kTwo, .worker_main = renewed})};
  server.await("all 2 workers are ready");
  server.signal(SIGTTIN);
  server.await("the number of workers is now 3");
  server.await_ready(3);
  server.signal(SIGHUP);
  server.await("reload done: 2 new workers are ready");
  for (int i = 0; i < 3; ++i) server.await("exited with code 0");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, RefusesMoreWorkersThanThereIsRoomFor) {
  Server server{reloading_into({.policy = {.workers = 8, .timeout = 0ms}, .worker_main = renewed})};
  server.await("all 2 workers are ready");
  server.signal(SIGHUP);
  server.await("reload failed: 8 new workers are more than there is room for, 7; nothing has changed");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, WaitsUntilThoseOfBeforeTheLastReloadHaveGone) {
  Server server{{.policy = kTwo,
                 .worker = [](const Seat& seat) { return deaf_to(seat, {SIGTERM}); },
                 .reload = []() -> Result<Plan> { return Plan{.policy = kTwo, .worker_main = renewed}; }}};
  server.await("all 2 workers are ready");
  server.signal(SIGHUP);
  server.await("reload begun");
  server.await("reload done");
  server.await("seat 0: got SIGTERM");
  server.await("seat 1: got SIGTERM");
  server.signal(SIGHUP);
  server.await("the reload waits for 2 workers of before the last one to finish");
  server.signal_worker(0, SIGQUIT);
  server.await("seat 0: got SIGQUIT");
  server.signal_worker(1, SIGQUIT);
  server.await("seat 1: got SIGQUIT");
  EXPECT_FALSE(server.said_before("reload begun"));
  server.await("reload begun");
  server.await("reload done");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, ReplacesAnOldWorkerThatDiesMeanwhile) {
  Server server{reloading_into({.policy = {.workers = 1, .timeout = 0ms}, .worker_main = [](const Seat& seat) -> int {
                                  say(seat, "loading");
                                  while (true) ::pause();
                                }})};
  server.await("all 2 workers are ready");
  server.await_ready(2);
  server.signal(SIGHUP);
  server.await("loading");
  server.signal_worker(0, SIGKILL);
  server.await_ready(1);
  server.signal(SIGQUIT);
  EXPECT_EQ(server.exit_code(), 0);
  EXPECT_THAT(server.rest(), Not(HasSubstr("reload done")));
}

/// The first two outlive the time in which the canary is watched; later ones crash at once.
WorkerMain hopeless(Shared& born) {
  return [&](const Seat& seat) {
    say(seat, "hopeless");
    become_ready(seat);
    if (born->fetch_add(1) < 2) ::poll(nullptr, 0, 1'500);
    return 1;
  };
}

TEST(MasterReloadTest, FallsBackToTheLastPlanWhoseWorkersStayedUp) {
  Shared born;
  Server server{{.policy = {.workers = 1, .timeout = 0ms},
                 .worker =
                     [](const Seat& seat) {
                       say(seat, "good");
                       return obedient(seat);
                     },
                 .reload = [&]() -> Result<Plan> {
                   return Plan{.policy = {.workers = 1, .timeout = 0ms}, .worker_main = hopeless(born)};
                 }}};
  server.await("seat 0: good");
  server.await("all 1 workers are ready");
  server.signal(SIGHUP);
  server.await("reload done");
  for (int i = 0; i < 4; ++i) server.await("exited with code 1");
  EXPECT_THAT(server.await("do not stay up"), HasSubstr("[critical]"));
  server.await(": good");
  server.await("reload done: 1 new workers are ready");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterReloadTest, HasNothingToFallBackToAtTheFirstStart) {
  Shared born;
  Server server{{.policy = {.workers = 1, .timeout = 0ms}, .worker = hopeless(born)}};
  server.await("all 1 workers are ready");
  for (int i = 0; i < 5; ++i) server.await("exited with code 1");
  EXPECT_FALSE(server.said_before("do not stay up"));
  server.signal(SIGQUIT);
  EXPECT_EQ(server.exit_code(), 0);
}

}  // namespace
}  // namespace indrik::supervisor::test
