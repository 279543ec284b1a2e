// Waiting for signals that are blocked, against libc's own.
#include <gmock/gmock.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "fiber/hook_families.h"
#include "unit/fiber/conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

/// The number, or below zero the error.
struct Waiter {
  const char* name;
  int (*wait)(const sigset_t& set);
};

constexpr Waiter kWaiters[] = {
    {"sigwait",
     [](const sigset_t& set) {
       int number = 0;
       const int error = ::sigwait(&set, &number);
       return error == 0 ? number : -error;
     }},
    {"sigwaitinfo",
     [](const sigset_t& set) {
       const int number = ::sigwaitinfo(&set, nullptr);
       return number > 0 ? number : -errno;
     }},
    {"sigtimedwait",
     [](const sigset_t& set) {
       const int number = ::sigtimedwait(&set, nullptr, nullptr);
       return number > 0 ? number : -errno;
     }},
};

/// SIGUSR1 and SIGUSR2 are blocked, as these calls demand.
class SignalsTest : public ConformanceTest {
 protected:
  SignalsTest() {
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGUSR1);
    ::sigaddset(&set, SIGUSR2);
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  ~SignalsTest() override { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  static void queue(int number, int value) {
    sigval with{};
    with.sival_int = value;
    EXPECT_EQ(::sigqueue(::getpid(), number, with), 0);
  }

  sigset_t set{};

 private:
  sigset_t before_{};
};

class SignalWaitTest : public SignalsTest, public testing::WithParamInterface<Waiter> {};

TEST_P(SignalWaitTest, TakesWhatIsPendingAsOutsideOfFibers) {
  expect_the_same([this] {
    Results results;
    ::kill(::getpid(), SIGUSR2);
    results.push_back(GetParam().wait(set));
    ::pthread_kill(::pthread_self(), SIGUSR1);
    errno = 77;
    results.push_back(GetParam().wait(set));
    results.push_back(errno);
    return results;
  });
}

TEST_P(SignalWaitTest, ServesOthersUntilTheSignalComes) {
  for (const auto send : {+[] { ::kill(::getpid(), SIGUSR1); }, +[] { ::pthread_kill(::pthread_self(), SIGUSR1); }}) {
    int taken = 0;
    start([&] { taken = GetParam().wait(set); });
    EXPECT_EQ(running(), 1U);
    loop.run_ready();
    EXPECT_EQ(running(), 1U);
    send();
    finish();
    EXPECT_EQ(taken, SIGUSR1);
  }
}

TEST_P(SignalWaitTest, GivesEachSignalToOne) {
  std::vector<int> taken;
  start([&] { taken.push_back(GetParam().wait(set)); });
  start([&] { taken.push_back(GetParam().wait(set)); });
  ::kill(::getpid(), SIGUSR1);
  loop.run_until([&] { return running() == 1; });
  ::kill(::getpid(), SIGUSR2);
  finish();
  EXPECT_THAT(taken, testing::ElementsAre(SIGUSR1, SIGUSR2));
}

TEST_P(SignalWaitTest, IsLeftByACancelledTask) {
  int taken = 0;
  auto* const waiter = start([&] { taken = GetParam().wait(set); });
  cancel(*waiter);
  finish();
  EXPECT_EQ(taken, -ECANCELED);
}

INSTANTIATE_TEST_SUITE_P(Calls, SignalWaitTest, testing::ValuesIn(kWaiters),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST_F(SignalsTest, TellsAllOfASignal) {
  expect_the_same([this] {
    Results results;
    for (const bool timed : {false, true}) {
      queue(SIGUSR1, 42);
      siginfo_t info{};
      const timespec long_time{.tv_sec = 10, .tv_nsec = 0};
      results.push_back(timed ? ::sigtimedwait(&set, &info, &long_time) : ::sigwaitinfo(&set, &info));
      for (const long part : {info.si_signo, info.si_code, info.si_value.sival_int, info.si_pid == ::getpid() ? 1 : 0})
        results.push_back(part);
    }
    return results;
  });
}

TEST_F(SignalsTest, WaitsNoLongerThanItIsGiven) {
  expect_the_same([this] {
    Results results;
    const auto begun = Clock::now();
    for (const timespec time :
         {timespec{0, 20'000'000}, timespec{0, 0}, timespec{0, -1}, timespec{0, 1'000'000'000}, timespec{-1, 0}}) {
      results.push_back(::sigtimedwait(&set, nullptr, &time));
      results.push_back(errno);
    }
    results.push_back(Clock::now() - begun >= 20ms);
    return results;
  });
}

TEST(SignalsHooksTest, AreAllShownHere) {
  std::vector<std::string_view> shown;
  for (const auto& waiter : kWaiters) shown.emplace_back(waiter.name);
  EXPECT_THAT(shown, testing::UnorderedElementsAreArray(signals_hooks()));
}

}  // namespace
}  // namespace indrik::fiber
