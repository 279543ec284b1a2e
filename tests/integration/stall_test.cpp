// Handlers that keep the loop of their worker from everybody else: what the log says of them, and of those that do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "integration/support/http_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> arguments(const std::string& worker_class, std::vector<std::string> more = {}) {
  std::vector<std::string> all{"-b", "127.0.0.1:0", "-k", worker_class, built_test_plugin("staller")};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// The entry of the log whose first line has `first` in it, with the indented lines below; once it is whole, and what
/// has followed it, a line about the end of the stall, is there.
std::string report_of(const ServerProcess& server, std::string_view first, std::string_view last) {
  server.await_line(first);
  server.await_line(last);
  std::string entry;
  EXPECT_TRUE(await([&] {
    const auto text = server.error_text();
    auto at = text.rfind('\n', text.find(first)) + 1;
    entry.clear();
    do {
      const auto end = text.find('\n', at);
      if (end == std::string::npos) return false;
      entry += text.substr(at, end + 1 - at);
      at = end + 1;
    } while (text.substr(at).starts_with("    "));
    return entry.find("stack of thread") != std::string::npos;
  })) << server.error_text();
  return entry;
}

std::size_t count_of(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

struct Stall {
  std::string name;
  std::string worker_class;
  std::string target;
  std::string who;
  std::string function;
};

class StallTest : public testing::TestWithParam<Stall> {};

INSTANTIATE_TEST_SUITE_P(Handler, StallTest,
                         testing::Values(Stall{"BurnsInAFiber", "green", "/burn",
                                               "GET /burn (route /burn, plugin staller)", "burn_for_a_while"},
                                         Stall{"BlocksBehindTheHooks", "green", "/raw",
                                               "GET /raw (route /raw, plugin staller)", "block_behind_the_back"},
                                         Stall{"BurnsOnTheLoop", "event", "/burn",
                                               "GET /burn (route /burn, plugin staller)", "burn_for_a_while"},
                                         Stall{"BurnsWhenATimerHasFired", "event", "/burn-later",
                                               "a callback or task of plugin staller", "burn_for_a_while"},
                                         Stall{"BurnsInATaskOfAGreenWorker", "green", "/burn-later",
                                               "a callback or task of plugin staller", "burn_for_a_while"}),
                         [](const auto& given) { return given.param.name; });

TEST_P(StallTest, IsReportedOnceWithItsFunctionsAndThenCounted) {
  const auto& stall = GetParam();
  ServerProcess server{arguments(stall.worker_class)};
  HttpClient client{server.address()};
  EXPECT_EQ(client.get(stall.target).status, 200);
  const auto report = report_of(server, "the loop is held for ", "has let go of the loop after ");
  EXPECT_THAT(report, AllOf(HasSubstr("[warning]"), HasSubstr(stall.who), HasSubstr(stall.function),
                            HasSubstr("staller.so + 0x")));
  EXPECT_EQ(client.get(stall.target).status, 200);
  EXPECT_EQ(client.get(stall.target).status, 200);
  server.expect_clean_stop();
  const auto log = server.error_text();
  EXPECT_EQ(count_of(log, "the loop is held for "), 1U) << log;
  EXPECT_THAT(log, HasSubstr("the loop was held 2 more times, first met with " + stall.who));
}

TEST(StallEndTest, IsTellingHowLongItWasEvenWhenTheServerIsToldToStopMeanwhile) {
  ServerProcess server{arguments("green")};
  HttpClient client{server.address()};
  client.send(request_bytes("GET", "/burn"));
  server.await_line("the loop is held for ");
  server.signal(SIGTERM);
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0}));
  EXPECT_EQ(count_of(server.error_text(), "burn_for_a_while"), 1U) << server.error_text();
}

TEST(LockTest, IsReportedOnceWhenAFiberWaitsWithAMutexLocked) {
  ServerProcess server{arguments("green")};
  HttpClient client{server.address()};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/hold").status, 200);
  const auto report = report_of(server, " while it holds a mutex", "stack of thread");
  EXPECT_THAT(report, AllOf(HasSubstr("GET /hold (route /hold, plugin staller)"), HasSubstr("sleep_with_a_mutex")));
  server.expect_clean_stop();
  EXPECT_EQ(count_of(server.error_text(), " while it holds a mutex"), 1U) << server.error_text();
}

class NoStallTest : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Worker, NoStallTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(NoStallTest, IsReportedOfHandlersThatLetOthersRunOrMayBlock) {
  ServerProcess server{arguments(GetParam())};
  HttpClient client{server.address()};
  EXPECT_EQ(client.get("/fine").status, 200);
  EXPECT_EQ(client.get("/sleep").status, 200);
  EXPECT_EQ(client.get("/lock").status, 200);
  if (GetParam() == "sync") {
    EXPECT_EQ(client.get("/burn").status, 200);
  } else if (GetParam() == "event") {
    EXPECT_EQ(client.get("/raw").status, 200);  // in a thread of the pool
  }
  server.expect_clean_stop();
  EXPECT_THAT(server.error_text(), AllOf(Not(HasSubstr("the loop is held")), Not(HasSubstr("while it holds"))));
}

TEST(NoStallTest, IsReportedWhereTheThresholdIsZero) {
  ServerProcess server{arguments("green", {"--stall-threshold", "0"})};
  EXPECT_EQ(HttpClient{server.address()}.get("/burn").status, 200);
  server.expect_clean_stop();
  EXPECT_THAT(server.error_text(), Not(HasSubstr("the loop is held")));
}

}  // namespace
}  // namespace indrik::test
