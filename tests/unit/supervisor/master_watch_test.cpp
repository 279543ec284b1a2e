#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "server.h"

namespace indrik::supervisor::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

Server::Setup workers(int number, WorkerMain worker = {}) {
  return {.policy = {.workers = number, .timeout = 0ms}, .worker = std::move(worker)};
}

std::size_t open_descriptors(pid_t pid) {
  const std::filesystem::directory_iterator folder{"/proc/" + std::to_string(pid) + "/fd"};
  return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
}

long resident_bytes(pid_t pid) {
  long total = 0;
  long resident = 0;
  std::ifstream{"/proc/" + std::to_string(pid) + "/statm"} >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

TEST(MasterWatchTest, ReplacesAWorkerThatWasKilledAndLeavesTheOthersAlone) {
  Server server{workers(2)};
  server.await("all 2 workers are ready");
  server.await_ready(2);
  const pid_t killed = server.pid_of(0);
  const pid_t other = server.pid_of(1);
  server.signal_worker(0, SIGKILL);
  server.await(fmt::format("worker 0 (pid {}) was killed by SIGKILL", killed));
  server.await("worker 0 (pid");
  server.await_ready(1);
  EXPECT_NE(server.pid_of(0), killed);
  EXPECT_EQ(server.pid_of(1), other);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterWatchTest, ReplacesAWorkerThatFinishesByItself) {
  Server server{workers(1)};
  server.await_ready(1);
  server.await("all 1 workers are ready");
  server.signal_worker(0, SIGTERM);
  server.await("exited with code 0");
  server.await_ready(1);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

/// Retires at once, and then never ends: the signals are blocked.
int retiring_at_once(const Seat& seat) {
  become_ready(seat);
  retire(seat);
  while (true) ::pause();
}

TEST(MasterWatchTest, ReplacesAWorkerThatRetiresByItselfBeforeItHasEnded) {
  Shared born;
  Server server{
      workers(1, [&](const Seat& seat) { return born->fetch_add(1) == 0 ? retiring_at_once(seat) : obedient(seat); })};
  EXPECT_THAT(server.await("retires by itself"), HasSubstr("worker 0 (pid"));
  const pid_t first = server.pid_of(0);
  server.await("all 1 workers are ready");
  EXPECT_EQ(server.pid_of(0), first);
  while (server.pid_of(1) == 0)
    std::this_thread::yield();  // the successor writes it itself; CTest's patience ends this
  server.signal_worker(0, SIGKILL);
  EXPECT_THAT(server.await("was killed by SIGKILL"), HasSubstr("[error] worker 0 (pid"));  // nobody asked for that
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterWatchTest, NeverMakesTheSuccessorsOfWorkersThatRetireWait) {
  Shared born;
  Server server{workers(1, [&](const Seat& seat) {
    if (born->fetch_add(1) >= 20) return obedient(seat);
    become_ready(seat);
    retire(seat);
    return 0;
  })};
  const auto begun = Clock::now();
  server.await("all 1 workers are ready");
  EXPECT_LT(Clock::now() - begun, 2s);  // one back-off after the other would last for minutes
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
  EXPECT_THAT(server.rest(), Not(HasSubstr("[error]")));
}

TEST(MasterWatchTest, KillsAWorkerThatRetiresByItselfAndNeverEnds) {
  Shared born;
  Server server{{.policy = {.workers = 1, .timeout = 0ms, .graceful_timeout = 50ms}, .worker = [&](const Seat& seat) {
                   return born->fetch_add(1) == 0 ? retiring_at_once(seat) : obedient(seat);
                 }}};
  server.await("retires by itself");
  const auto retired = Clock::now();
  server.await("has not ended within a second of the graceful timeout: sending SIGKILL");
  EXPECT_GE(Clock::now() - retired, 1s);
  server.await("was killed by SIGKILL");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterWatchTest, ReplacesAWorkerAThousandTimesWithoutDelayOrGrowth) {
  Server server{workers(1)};
  server.await_ready(1);
  server.await("all 1 workers are ready");
  std::vector<Clock::duration> gaps;
  const auto kill_and_await = [&] {
    const auto killed = Clock::now();
    server.signal_worker(0, SIGKILL);
    server.await("was killed by SIGKILL");
    server.await_ready(1);
    gaps.push_back(Clock::now() - killed);
  };
  for (int i = 0; i < 100; ++i) kill_and_await();
  const auto descriptors = open_descriptors(server.master());
  [[maybe_unused]] const auto memory = resident_bytes(server.master());
  for (int i = 0; i < 900; ++i) kill_and_await();
  EXPECT_EQ(open_descriptors(server.master()), descriptors);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // both keep what was freed
  EXPECT_LT(resident_bytes(server.master()) - memory, 1024 * 1024);
#endif
  std::sort(gaps.begin(), gaps.end());
  EXPECT_LT(gaps[gaps.size() / 2], 100ms);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterWatchTest, WaitsLongerEachTimeForAWorkerThatCrashesAtOnce) {
  Server server{workers(1, [](const Seat& seat) {
    become_ready(seat);
    return 1;
  })};
  server.await("exited with code 1");
  const auto first = Clock::now();
  for (int i = 0; i < 3; ++i) server.await("exited with code 1");
  EXPECT_GE(Clock::now() - first, 290ms);  // at once, 100 ms, 200 ms
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterWatchTest, TriesAgainWhenAReplacementIsNeverReady) {
  Shared broken;
  Server server{workers(2, [&](const Seat& seat) { return *broken != 0 ? 4 : obedient(seat); })};
  server.await("all 2 workers are ready");
  server.await_ready(2);
  *broken = 1;
  server.signal_worker(0, SIGKILL);
  server.await("exited with code 4");
  server.await("exited with code 4");
  EXPECT_NE(server.pid_of(1), 0);
  *broken = 0;
  server.await_ready(1);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterWatchTest, AbortsAWorkerThatHangsAndSaysWhatItWasDoing) {
  Shared hung;
  Server server{{.policy = {.workers = 1, .timeout = 200ms}, .worker = [&](const Seat& seat) {
                   if (hung->fetch_add(1) > 0) return obedient(seat);
                   become_ready(seat);
                   process::begin_running(seat.slot, "GET /slow (route /slow, plugin health)", monotonic_ns());
                   while (true) ::pause();
                 }}};
  const auto line = server.await("has been silent for 0.2 s: sending SIGABRT");
  EXPECT_THAT(line, HasSubstr("worker 0 (pid"));
  EXPECT_THAT(line, HasSubstr("GET /slow (route /slow, plugin health)"));
  EXPECT_THAT(server.await("was killed by SIGABRT"), HasSubstr("GET /slow"));
  server.await_ready(1);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterWatchTest, KillsAWorkerThatHangsAndIgnoresItsAbort) {
  Shared hung;
  Server server{{.policy = {.workers = 1, .timeout = 200ms}, .worker = [&](const Seat& seat) {
                   if (hung->fetch_add(1) > 0) return obedient(seat);
                   ::signal(SIGABRT, SIG_IGN);
                   become_ready(seat);
                   while (true) ::pause();
                 }}};
  server.await("sending SIGABRT");
  server.await("has not ended within a second: sending SIGKILL");
  server.await("was killed by SIGKILL");
  server.await("worker 0 (pid");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterWatchTest, LeavesAWorkerThatBeatsAlone) {
  Server server{{.policy = {.workers = 1, .timeout = 300ms}, .worker = [](const Seat& seat) {
                   say(seat, "born");
                   return obedient(seat);
                 }}};
  server.await("seat 0: born");
  server.await("all 1 workers are ready");
  const pid_t worker = server.pid_of(0);
  const auto beats_until = Clock::now() + 1s;
  while (Clock::now() < beats_until) {  // every answer is a second or less of its life
    server.signal(SIGUSR1);
    server.await("seat 0: got SIGUSR1");
  }
  EXPECT_EQ(server.pid_of(0), worker);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(MasterWatchTest, KeepsTheTotalsOfASlotWhenItsWorkerIsReplaced) {
  Server server{workers(1, [](const Seat& seat) {
    seat.slot.requests += 5;
    seat.slot.connections = 3;
    say(seat, fmt::format("requests {}", seat.slot.requests.load()));
    return obedient(seat);
  })};
  server.await("requests 5");
  server.await("all 1 workers are ready");
  server.signal_worker(0, SIGKILL);
  server.await("requests 10");
  EXPECT_EQ(server.scoreboard().slots()[0].connections, 3U);
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
  EXPECT_EQ(server.scoreboard().slots()[0].connections, 0U);
  EXPECT_EQ(server.scoreboard().slots()[0].requests, 10U);
}

TEST(MasterWatchTest, LosesNothingThatAWorkerHasPrinted) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd out{ends[0]};
  Fd in{ends[1]};
  Server server{{.policy = {.workers = 1, .timeout = 0ms},
                 .worker =
                     [](const Seat& seat) {
                       std::fputs("a plugin's last words", stdout);
                       return obedient(seat);
                     },
                 .before_run = [&] { ::dup2(in.get(), STDOUT_FILENO); }}};
  in.reset();
  server.await("all 1 workers are ready");
  server.signal(SIGTERM);
  EXPECT_EQ(server.exit_code(), 0);
  char printed[64] = {};
  EXPECT_GT(::read(out.get(), printed, sizeof printed - 1), 0);
  EXPECT_STREQ(printed, "a plugin's last words");
}

TEST(MasterWatchTest, TakesItsWorkersWithItWhenItIsKilled) {
  Server server{workers(3)};
  server.await("all 3 workers are ready");
  server.signal(SIGKILL);
  EXPECT_EQ(server.exit_code(), -SIGKILL);
  EXPECT_TRUE(server.await_end_of_all());
}

TEST(MasterWatchTest, TakesEvenAStuckWorkerWithIt) {
  Server server{workers(1, [](const Seat& seat) -> int {
    become_ready(seat);
    while (true) ::pause();
  })};
  server.await("all 1 workers are ready");
  server.signal(SIGKILL);
  EXPECT_EQ(server.exit_code(), -SIGKILL);
  EXPECT_TRUE(server.await_end_of_all());
}

}  // namespace
}  // namespace indrik::supervisor::test
