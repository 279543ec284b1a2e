#include "fiber/wait.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "unit/fiber/poll_loop.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

class WaitTest : public PollLoopTest {
 protected:
  WaitTest() {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    here.reset(pair[0]);
    there.reset(pair[1]);
  }
  ~WaitTest() override {
    EXPECT_EQ(loop.timers(), 0U);
    EXPECT_EQ(loop.watches(), 0U);
  }
  void send() { EXPECT_EQ(::write(there.get(), "x", 1), 1); }

  Fd here;
  Fd there;
};

TEST_F(WaitTest, ParksUntilTheDescriptorIsReadable) {
  auto outcome = Outcome::timed_out;
  start([&] { outcome = wait_for(here.get(), POLLIN, kForever); });
  EXPECT_EQ(running(), 1U);
  send();
  finish();
  EXPECT_EQ(outcome, Outcome::ready);
}

TEST_F(WaitTest, ReturnsWhenTheTimeIsOver) {
  auto outcome = Outcome::ready;
  const auto before = Clock::now();
  in_fiber([&] { outcome = wait_for(here.get(), POLLIN, 20ms); });
  EXPECT_EQ(outcome, Outcome::timed_out);
  EXPECT_GE(Clock::now() - before, 20ms);
}

TEST_F(WaitTest, EndsWhenTheTaskIsCancelled) {
  auto outcome = Outcome::ready;
  auto* const fiber = start([&] { outcome = wait_for(here.get(), POLLIN, kForever); });
  cancel(*fiber);
  EXPECT_EQ(outcome, Outcome::cancelled);
  EXPECT_EQ(running(), 0U);
}

TEST_F(WaitTest, WaitsForAMomentOnlyWhenTheTaskIsCancelledAlready) {
  std::vector<Outcome> outcomes;
  auto* const fiber = start([&] {
    wait_for(here.get(), POLLIN, kForever);
    outcomes.push_back(wait_for(here.get(), POLLIN, kForever));
    outcomes.push_back(wait_for(here.get(), POLLIN, 1ms));
    outcomes.push_back(wait_for(here.get(), POLLOUT, kForever));
  });
  cancel(*fiber);
  finish();
  EXPECT_EQ(outcomes, (std::vector{Outcome::cancelled, Outcome::cancelled, Outcome::ready}));
}

TEST_F(WaitTest, WakesEveryFiberThatWaitsForOneDescriptor) {
  int woken = 0;
  for (int i = 0; i < 3; ++i) start([&] { woken += wait_for(here.get(), POLLIN, kForever) == Outcome::ready ? 1 : 0; });
  start([&] { woken += wait_for(here.get(), POLLOUT, kForever) == Outcome::ready ? 10 : 0; });
  loop.run_until([&] { return woken == 10; });
  EXPECT_EQ(running(), 3U);
  send();
  finish();
  EXPECT_EQ(woken, 13);
}

TEST_F(WaitTest, WakesThoseWhoseDescriptorIsAboutToBeClosed) {
  std::vector<Outcome> outcomes;
  const auto wait = [&] { outcomes.push_back(wait_for(here.get(), POLLIN, kForever)); };
  start(wait);
  start(wait);
  start([&] { outcomes.push_back(wait_for(there.get(), POLLIN, 20ms)); });
  start([&] {
    wake_before_close(here.get());
    EXPECT_TRUE(outcomes.empty());  // they go on from the loop, not in the midst of this
  });
  finish();
  EXPECT_EQ(outcomes, (std::vector{Outcome::closed, Outcome::closed, Outcome::timed_out}));
}

TEST_F(WaitTest, WakesThoseWhoseDescriptorsLieInARange) {
  std::vector<Outcome> outcomes;
  for (const int descriptor : {here.get(), there.get()})
    start([&, descriptor] { outcomes.push_back(wait_for(descriptor, POLLIN, kForever)); });
  const auto [low, high] = std::minmax({here.get(), there.get()});
  wake_before_close(0, static_cast<unsigned>(low) - 1);
  wake_before_close(static_cast<unsigned>(high) + 1, ~0U);
  loop.run_ready();
  EXPECT_TRUE(outcomes.empty());
  wake_before_close(static_cast<unsigned>(low), static_cast<unsigned>(high));
  finish();
  EXPECT_EQ(outcomes, (std::vector{Outcome::closed, Outcome::closed}));
}

TEST_F(WaitTest, EndsWhenCancelledBetweenTheCloseAndTheTurnOfTheLoop) {
  auto outcome = Outcome::ready;
  auto* const fiber = start([&] { outcome = wait_for(here.get(), POLLIN, kForever); });
  wake_before_close(here.get());
  cancel(*fiber);
  EXPECT_EQ(outcome, Outcome::cancelled);
  loop.run_ready();
}

class WaitForAnyTest : public WaitTest {
 protected:
  Outcome wait(std::vector<pollfd>& descriptors, nanoseconds timeout = kForever) {
    return wait_for_any(descriptors, timeout);
  }
};

TEST_F(WaitForAnyTest, ParksUntilOneOfManyIsReady) {
  std::vector<pollfd> descriptors(40, pollfd{.fd = here.get(), .events = POLLIN, .revents = 0});
  descriptors[7].fd = -1;
  auto outcome = Outcome::timed_out;
  start([&] { outcome = wait(descriptors); });
  EXPECT_EQ(running(), 1U);
  send();
  finish();
  EXPECT_EQ(outcome, Outcome::ready);
}

TEST_F(WaitForAnyTest, SeesEventsThatAWatchDoesNotKnow) {
  send();
  ASSERT_EQ(::send(here.get(), "y", 1, 0), 1);
  std::vector<pollfd> descriptors{{.fd = here.get(), .events = POLLRDHUP, .revents = 0},
                                  {.fd = here.get(), .events = POLLPRI, .revents = 0}};
  auto outcome = Outcome::timed_out;
  start([&] { outcome = wait(descriptors); });
  loop.run_ready();
  EXPECT_EQ(running(), 1U) << "that there is something to read was not asked for";
  ASSERT_EQ(::shutdown(there.get(), SHUT_WR), 0);
  finish();
  EXPECT_EQ(outcome, Outcome::ready);
}

TEST_F(WaitForAnyTest, SaysWhichOfThemIsAboutToBeClosed) {
  for (const short events : {short{POLLIN}, short{POLLIN | POLLPRI}}) {
    std::vector<pollfd> descriptors{{.fd = here.get(), .events = events, .revents = 0},
                                    {.fd = there.get(), .events = events, .revents = 0}};
    auto outcome = Outcome::timed_out;
    start([&] { outcome = wait(descriptors); });
    wake_before_close(there.get());
    finish();
    EXPECT_EQ(outcome, Outcome::closed);
    EXPECT_EQ(descriptors[0].revents, 0);
    EXPECT_EQ(descriptors[1].revents, POLLNVAL);
  }
}

TEST_F(WaitForAnyTest, SleepsWhenThereIsNothingToWaitFor) {
  std::vector<pollfd> none;
  auto outcome = Outcome::ready;
  const auto before = Clock::now();
  in_fiber([&] { outcome = wait(none, 20ms); });
  EXPECT_EQ(outcome, Outcome::timed_out);
  EXPECT_GE(Clock::now() - before, 20ms);
}

TEST_F(WaitForAnyTest, LeavesNoDescriptorOpen) {
  const int before = ::dup(here.get());
  ::close(before);
  std::vector<pollfd> descriptors{{.fd = here.get(), .events = POLLPRI, .revents = 0}};
  in_fiber([&] { wait(descriptors, 1ms); });
  const int after = ::dup(here.get());
  ::close(after);
  EXPECT_EQ(before, after);
}

TEST_F(WaitForAnyTest, LooksNowAndThenWhereNoDescriptorIsLeft) {
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = usual.rlim_max};
  std::vector<pollfd> descriptors{{.fd = here.get(), .events = POLLPRI, .revents = 0}};
  std::vector<Outcome> outcomes;
  for (const nanoseconds timeout : {kForever, nanoseconds{1ms}}) {
    start([&, timeout] {
      sleep_for(1ms);  // UBSan opens descriptors when it first sees a class
      ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
      outcomes.push_back(wait_for_any(descriptors, timeout));
    });
    start([&] {
      sleep_for(1ms);
      ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);  // the other one is parked by now
    });
    finish();
  }
  EXPECT_EQ(outcomes, (std::vector{Outcome::ready, Outcome::timed_out}));
}

}  // namespace
}  // namespace indrik::fiber
