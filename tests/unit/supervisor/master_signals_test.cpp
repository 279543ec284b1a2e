#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "process/exit_status.h"
#include "process/signal_queue.h"
#include "server.h"

namespace indrik::supervisor::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

Server::Setup workers(int number) { return {.policy = {.workers = number, .timeout = 0ms}}; }

class FinishesAt : public ::testing::TestWithParam<int> {};

TEST(MasterSignalsTest, LetsEveryWorkerFinishAtTerm) {
  Server server{workers(2)};
  server.await("all 2 workers are ready");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
  const auto said = server.rest();
  EXPECT_THAT(said, HasSubstr("seat 0: got SIGTERM"));
  EXPECT_THAT(said, HasSubstr("seat 1: got SIGTERM"));
  EXPECT_THAT(said, Not(HasSubstr("SIGQUIT")));
  EXPECT_THAT(said, HasSubstr("stopping gracefully: 2 workers"));
  EXPECT_THAT(said, HasSubstr("stopped"));
}

TEST(MasterSignalsTest, KillsWhoHasNotEndedASecondAfterTheGracefulTimeout) {
  Server server{{.policy = {.workers = 1, .timeout = 0ms, .graceful_timeout = 100ms},
                 .worker = [](const Seat& seat) { return deaf_to(seat, {SIGTERM}); }}};
  server.await("all 1 workers are ready");
  const auto told = Clock::now();
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
  EXPECT_GE(Clock::now() - told, 1100ms);
  const auto said = server.rest();
  EXPECT_THAT(said, HasSubstr("has not ended within a second of the graceful timeout: sending SIGKILL"));
  EXPECT_THAT(said, HasSubstr("was killed by SIGKILL"));
}

TEST(MasterSignalsTest, LeavesAWorkerTheTimeToEndByItselfAtTheGracefulTimeout) {
  Server server{{.policy = {.workers = 1, .timeout = 0ms, .graceful_timeout = 100ms}, .worker = [](const Seat& seat) {
                   obedient(seat);
                   ::poll(nullptr, 0, 300);  // as long as it may, and then it ends in order
                   say(seat, "stopped in order");
                   return 0;
                 }}};
  server.await("all 1 workers are ready");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
  const auto said = server.rest();
  EXPECT_THAT(said, HasSubstr("stopped in order"));
  EXPECT_THAT(said, Not(HasSubstr("SIGKILL")));
}

TEST_P(FinishesAt, HastensAGracefulStop) {
  Server server{
      {.policy = {.workers = 1, .timeout = 0ms}, .worker = [](const Seat& seat) { return deaf_to(seat, {SIGTERM}); }}};
  server.await("all 1 workers are ready");
  server.signal(SIGTERM);
  server.await("seat 0: got SIGTERM");
  server.signal(GetParam());
  EXPECT_EQ(server.exit_code(), 0);
  EXPECT_THAT(server.rest(), HasSubstr("seat 0: got SIGQUIT"));
}
INSTANTIATE_TEST_SUITE_P(ASecondSignal, FinishesAt, ::testing::Values(SIGTERM, SIGINT, SIGQUIT));

TEST(MasterSignalsTest, TellsWorkersThatTheWholeServerStops) {
  Server server{workers(2)};
  server.await("all 2 workers are ready");
  server.signal(SIGTERM);
  server.await("seat 0: got SIGTERM, the server stops");
  server.await("seat 1: got SIGTERM, the server stops");
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterSignalsTest, DoesNotSayThatTheServerStopsToAWorkerThatIsOneTooMany) {
  Server server{workers(2)};
  server.await("all 2 workers are ready");
  server.signal(SIGTTOU);
  EXPECT_THAT(server.await("got SIGTERM"), Not(HasSubstr("the server stops")));
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterSignalsTest, DoesNotSayThatTheServerStopsToAWorkerThatGetsTermFromOutside) {
  Server server{workers(1)};
  server.await("all 1 workers are ready");
  server.signal_worker(0, SIGTERM);
  EXPECT_THAT(server.await("got SIGTERM"), Not(HasSubstr("the server stops")));
  server.await_ready(2);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

class QuickStop : public ::testing::TestWithParam<int> {};

TEST_P(QuickStop, TellsEveryWorkerToQuit) {
  Server server{workers(2)};
  server.await("all 2 workers are ready");
  server.signal(GetParam());
  EXPECT_EQ(server.exit_code(), 0);
  const auto said = server.rest();
  EXPECT_THAT(said, HasSubstr("seat 0: got SIGQUIT"));
  EXPECT_THAT(said, HasSubstr("seat 1: got SIGQUIT"));
}

TEST_P(QuickStop, KillsWhoDoesNotListenAfterASecond) {
  Server server{{.policy = {.workers = 1, .timeout = 0ms}, .worker = [](const Seat& seat) {
                   return deaf_to(seat, {SIGQUIT, SIGINT, SIGTERM});
                 }}};
  server.await("all 1 workers are ready");
  const auto begun = Clock::now();
  server.signal(GetParam());
  EXPECT_EQ(server.exit_code(), 0);
  EXPECT_GE(Clock::now() - begun, 1s);
  EXPECT_THAT(server.rest(), HasSubstr("has not ended within a second: sending SIGKILL"));
}
INSTANTIATE_TEST_SUITE_P(IntAndQuit, QuickStop, ::testing::Values(SIGINT, SIGQUIT));

TEST(MasterSignalsTest, AddsAWorkerAtTtin) {
  Server server{workers(1)};
  server.await_ready(1);
  server.signal(SIGTTIN);
  server.await("the number of workers is now 2");
  server.await("worker 1 (pid");
  server.await_ready(1);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterSignalsTest, RetiresTheOldestAtTtou) {
  Server server{workers(2)};
  server.await("all 2 workers are ready");
  server.signal_worker(0, SIGKILL);  // seat 1 is the older one now
  server.await("was killed by SIGKILL");
  server.await_ready(3);
  server.signal(SIGTTOU);
  server.await("seat 1: got SIGTERM");
  server.await("exited with code 0");
  EXPECT_NE(server.pid_of(0), 0);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterSignalsTest, KeepsOneWorkerAtLeast) {
  Server server{workers(1)};
  server.await("all 1 workers are ready");
  server.signal(SIGTTOU);
  server.await("the number of workers stays 1: it must be 1 to 7");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterSignalsTest, AddsNoMoreWorkersThanTheScoreboardHolds) {
  auto setup = workers(2);
  setup.slots = 2;
  Server server{std::move(setup)};
  server.await("all 2 workers are ready");
  server.signal(SIGTTIN);
  server.await("the number of workers stays 2: it must be 1 to 2");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterSignalsTest, LeavesRoomForAReloadAtTtin) {
  auto setup = workers(2);
  setup.slots = 5;
  Server server{std::move(setup)};
  server.await("all 2 workers are ready");
  server.signal(SIGTTIN);
  server.await("the number of workers is now 3");
  server.await_ready(1);
  server.signal(SIGTTIN);
  server.await("the number of workers stays 3: it must be 1 to 3");
  server.signal(SIGHUP);
  server.await("reload done: 2 new workers are ready");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
  EXPECT_FALSE(server.said_before("reload failed"));
}

TEST(MasterSignalsTest, ForwardsUsr1ToEveryWorkerAndGoesOnLogging) {
  Server server{workers(2)};
  server.await("all 2 workers are ready");
  server.signal(SIGUSR1);
  server.await("seat 0: got SIGUSR1");
  server.await("seat 1: got SIGUSR1");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
  EXPECT_THAT(server.rest(), HasSubstr("stopping gracefully"));
}

TEST(MasterSignalsTest, TakesNoNoticeOfUsr2AndWinchAndChld) {
  Server server{workers(1)};
  server.await("all 1 workers are ready");
  const pid_t worker = server.pid_of(0);
  for (const int number : {SIGUSR2, SIGWINCH, SIGCHLD}) server.signal(number);
  server.signal(SIGTTIN);
  server.await("the number of workers is now 2");
  EXPECT_EQ(server.pid_of(0), worker);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

/// Drains as a worker does: closes its listeners at TERM, and ends at QUIT.
int draining(const Seat& seat) {
  auto queue = process::SignalQueue::open({SIGTERM, SIGQUIT, SIGUSR1});
  become_ready(seat);
  while (true) {
    pollfd readable{.fd = queue->fd(), .events = POLLIN, .revents = 0};
    ::poll(&readable, 1, -1);
    while (const auto signal = queue->next()) {
      const auto number = static_cast<int>(signal->ssi_signo);
      if (number == SIGTERM)
        for (auto& listener : seat.listeners) listener.close();
      say(seat, "has seen " + process::signal_name(number));
      if (number == SIGQUIT) return 0;
    }
  }
}

int error_of_connect(const net::Address& address) {
  const Fd client{::socket(address.raw()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  return ::connect(client.get(), address.raw(), address.raw_size()) == 0 ? 0 : errno;
}

TEST(MasterSignalsTest, RefusesConnectionsAndRemovesItsSocketWhileWorkersDrain) {
  const indrik::test::TemporaryFolder folder;
  Server::Setup setup{.policy = {.workers = 1, .timeout = 0ms}, .worker = draining};
  std::vector<net::Address> addresses;
  for (const auto& text : {std::string{"127.0.0.1:0"}, "unix:" + (folder / "a.sock").native()}) {
    auto listener = net::Listener::open(*net::Address::parse(text), {});
    ASSERT_TRUE(listener);
    addresses.push_back(listener->address());
    setup.listeners.push_back(*std::move(listener));
  }
  Server server{std::move(setup)};
  server.await("all 1 workers are ready");
  for (const auto& address : addresses) EXPECT_EQ(error_of_connect(address), 0) << address.text();
  server.signal(SIGTERM);
  server.await("seat 0: has seen SIGTERM");
  server.signal(SIGUSR1);  // comes after the master has done all that TERM asks
  server.await("seat 0: has seen SIGUSR1");
  EXPECT_EQ(error_of_connect(addresses[0]), ECONNREFUSED);
  EXPECT_EQ(error_of_connect(addresses[1]), ENOENT);
  server.signal(SIGQUIT);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterStopTest, StillServesForTheDrainDelay) {
  Server server{{.policy = {.workers = 1, .timeout = 0ms, .drain_delay = 300ms}}};
  server.await("all 1 workers are ready");
  const auto told = Clock::now();
  server.signal(SIGTERM);
  server.await("stopping in 300 ms: still accepting");
  server.signal_worker(0, SIGKILL);  // a loss is made good as before
  server.await("was killed by SIGKILL");
  server.await_ready(2);
  EXPECT_FALSE(server.said_before("got SIGTERM"));
  server.await("seat 0: got SIGTERM, the server stops");
  EXPECT_GE(Clock::now() - told, 300ms);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterStopTest, EndsTheDrainDelayAtASecondTermAndTheDrainingAtAThird) {
  Server server{{.policy = {.workers = 1, .timeout = 0ms, .drain_delay = 1h},
                 .worker = [](const Seat& seat) { return deaf_to(seat, {SIGTERM}); }}};
  server.await("all 1 workers are ready");
  server.signal(SIGTERM);
  server.await("still accepting");
  server.signal(SIGTERM);
  server.await("seat 0: got SIGTERM, the server stops");
  server.signal(SIGTERM);
  server.await("seat 0: got SIGQUIT");
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterStopTest, IgnoresAReloadDuringTheDrainDelay) {
  Server server{{.policy = {.workers = 1, .timeout = 0ms, .drain_delay = 1h}}};
  server.await("all 1 workers are ready");
  server.signal(SIGTERM);
  server.await("still accepting");
  server.signal(SIGHUP);
  server.signal(SIGINT);
  EXPECT_EQ(server.exit_code(), 0);
  EXPECT_THAT(server.rest(), Not(HasSubstr("reload begun")));
}

TEST(MasterRecyclingTest, LetsOneWorkerAtATimeGoWhenItsSuccessorIsReady) {
  Shared born;
  Server server{{.policy = {.workers = 2, .timeout = 0ms}, .worker = [&](const Seat& seat) {
                   if (born->fetch_add(1) >= 2) return obedient(seat);
                   become_ready(seat);
                   ask_to_retire(seat);
                   return deaf_to(seat, {SIGTERM});
                 }}};
  server.await("all 2 workers are ready");
  server.await_ready(3);
  server.await("seat 0: got SIGTERM");
  server.signal(SIGUSR1);
  server.await("seat 1: got SIGUSR1");
  EXPECT_FALSE(server.said_before("seat 1: got SIGTERM"));
  EXPECT_EQ(server.pid_of(3), 0);
  server.signal_worker(0, SIGQUIT);
  server.await("seat 1: got SIGTERM");
  server.signal(SIGQUIT);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterRecyclingTest, KeepsAWorkerThatAsksAsLongAsItsSuccessorIsNeverReady) {
  Shared born;
  Server server{{.policy = {.workers = 1, .timeout = 0ms}, .worker = [&](const Seat& seat) {
                   if (born->fetch_add(1) > 0) return 4;
                   become_ready(seat);
                   ask_to_retire(seat);
                   return obedient(seat);
                 }}};
  server.await("all 1 workers are ready");
  for (int i = 0; i < 3; ++i) server.await("exited with code 4");
  EXPECT_FALSE(server.said_before("got SIGTERM"));
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

}  // namespace
}  // namespace indrik::supervisor::test
