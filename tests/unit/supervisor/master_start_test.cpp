#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fork_fault.h"
#include "server.h"

namespace indrik::supervisor::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A worker that ends before it is ready in seat 1 and is obedient elsewhere.
WorkerMain failing_in_seat_one(int code) {
  return [=](const Seat& seat) { return seat.number == 1 ? code : obedient(seat); };
}

TEST(MasterStartTest, StartsAsManyWorkersAsWanted) {
  Server server{{.policy = {.workers = 3, .timeout = milliseconds{0}}}};
  server.await("all 3 workers are ready");
  for (std::size_t slot = 0; slot < 3; ++slot) EXPECT_NE(server.pid_of(slot), 0);
  EXPECT_EQ(server.pid_of(3), 0);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterStartTest, GivesEachWorkerItsSeat) {
  Server server{{.worker = [](const Seat& seat) {
    say(seat, fmt::format("master {} slot {}", seat.master == ::getppid(), seat.slot.pid == ::getpid()));
    return obedient(seat);
  }}};
  server.await("seat 0: master true slot true");
  server.await("all 1 workers are ready");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterStartTest, EndsWithFourWhenAPluginCannotBeLoaded) {
  Server server{{.policy = {.workers = 3, .timeout = milliseconds{0}}, .worker = failing_in_seat_one(4)}};
  EXPECT_EQ(server.exit_code(), 4);
  const auto said = server.rest();
  EXPECT_THAT(said, HasSubstr("[critical] the server does not start: worker 1 (pid"));
  EXPECT_THAT(said, HasSubstr("exited with code 4"));
  EXPECT_THAT(said, HasSubstr("before it was ready"));
}

TEST(MasterStartTest, EndsWithTwoWhenAWorkerRefusesTheConfiguration) {
  Server server{{.policy = {.workers = 2, .timeout = milliseconds{0}}, .worker = failing_in_seat_one(2)}};
  EXPECT_EQ(server.exit_code(), 2);
}

TEST(MasterStartTest, EndsWithThreeWhenAWorkerEndsBeforeItIsReady) {
  for (const int code : {0, 1, 3, 77}) {
    Server server{{.policy = {.workers = 2, .timeout = milliseconds{0}}, .worker = failing_in_seat_one(code)}};
    EXPECT_EQ(server.exit_code(), 3) << code;
  }
}

TEST(MasterStartTest, EndsWithThreeWhenAWorkerCrashesBeforeItIsReady) {
  Server server{{.worker = [](const Seat&) { return ::raise(SIGKILL); }}};
  EXPECT_EQ(server.exit_code(), 3);
  EXPECT_THAT(server.rest(), HasSubstr("was killed by SIGKILL"));
}

TEST(MasterStartTest, SaysWhatABootErrorOfAWorkerSays) {
  Server server{{.worker = [](const Seat&) -> int {
    throw BootError{ExitCode::plugin_not_loaded, "load plugin a.so: no such file"};
  }}};
  EXPECT_EQ(server.exit_code(), 4);
  EXPECT_THAT(server.rest(), HasSubstr("before it was ready: load plugin a.so: no such file"));
}

TEST(MasterStartTest, SaysInOneSentenceWhyItDoesNotStartHoweverManyFail) {
  Server server{{.policy = {.workers = 4, .timeout = milliseconds{0}}, .worker = [](const Seat&) { return 4; }}};
  EXPECT_EQ(server.exit_code(), 4);
  const auto said = server.rest();
  const auto first = said.find("[critical]");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(said.find("[critical]", first + 1), std::string::npos);
}

TEST(MasterStartTest, AbortsAWorkerThatHangsAtTheStart) {
  Server server{{.policy = {.workers = 1, .timeout = milliseconds{0}, .boot_timeout = milliseconds{50}},
                 .worker = [](const Seat&) -> int {
                   while (true) ::pause();
                 }}};
  EXPECT_EQ(server.exit_code(), 3);
  const auto said = server.rest();
  EXPECT_THAT(said, HasSubstr("is not ready after 0.1 s: sending SIGABRT"));
  EXPECT_THAT(said, HasSubstr("was killed by SIGABRT"));
}

TEST(MasterStartTest, KillsAWorkerThatHangsAtTheStartAndIgnoresItsAbort) {
  Server server{{.policy = {.workers = 1, .timeout = milliseconds{0}, .boot_timeout = milliseconds{50}},
                 .worker = [](const Seat&) -> int {
                   ::signal(SIGABRT, SIG_IGN);
                   while (true) ::pause();
                 }}};
  EXPECT_EQ(server.exit_code(), 3);
  EXPECT_THAT(server.rest(), HasSubstr("has not ended within a second: sending SIGKILL"));
}

TEST(MasterStartTest, StopsWhileItStarts) {
  Server server{{.worker = [](const Seat& seat) -> int {
    say(seat, "loading");
    while (true) ::pause();
  }}};
  server.await("loading");
  server.signal(SIGQUIT);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterStartTest, TriesAgainWhenForkFails) {
  Shared failures;
  *failures = 2;
  Server server{{.before_run = [&] { fail_forks(&*failures); }}};
  server.await("fork worker 0: Resource temporarily unavailable; trying again in 100 ms");
  server.await("fork worker 0: Resource temporarily unavailable; trying again in 200 ms");
  server.await("all 1 workers are ready");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterStartTest, GivesUpWhenNoProcessCanBeMadeWithinTheBootTimeout) {
  Shared failures;
  *failures = 1'000;
  Server server{
      {.policy = {.workers = 1, .boot_timeout = milliseconds{150}}, .before_run = [&] { fail_forks(&*failures); }}};
  server.await("the server does not start: fork worker 0: Resource temporarily unavailable");
  EXPECT_EQ(server.exit_code(), static_cast<int>(ExitCode::run_failed));
}

TEST(MasterStartTest, ReapsChildrenThatAreNotItsOwnWithoutAWord) {
  Server server{{.before_run = [] {
    const pid_t orphan = ::fork();
    if (orphan == 0) ::_exit(7);
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(orphan), &ended, WEXITED | WNOWAIT);  // leaves the zombie to the master
  }}};
  server.await("all 1 workers are ready");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);  // 99, were a zombie left
  EXPECT_THAT(server.rest(), Not(HasSubstr("exited with code 7")));
}

}  // namespace
}  // namespace indrik::supervisor::test
