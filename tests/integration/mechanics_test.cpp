// What a server does with its own process: retirement, folder, environment, user, daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "integration/support/http_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// One request on a connection of its own, as clients send that keep nothing.
int status_of_get(const std::string& address, std::string_view target = "/") {
  return HttpClient{address}.request("GET", target, {}, {{"Connection", "close"}}).status;
}

class RetirementTest : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Worker, RetirementTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(RetirementTest, ReplacesAWorkerThatHasAnsweredMaxRequestsAndLosesNone) {
  constexpr int kLimit = 20;
  ServerProcess server{{"-b", "127.0.0.1:0", "-k", GetParam(), "-w", "1", "--max-requests", std::to_string(kLimit),
                        built_plugin("hello")}};
  server.await_line("workers are ready");
  const auto first = server.await_workers(1).front();
  const auto address = server.address();
  for (int request = 0; request < 2 * kLimit; ++request) ASSERT_EQ(status_of_get(address), 200) << request;
  EXPECT_TRUE(await([&] { return ::kill(first, 0) != 0; })) << server.error_text();
  EXPECT_TRUE(await([&] { return server.worker_pids().size() == 1; })) << server.error_text();
  server.expect_clean_stop();
}

TEST_P(RetirementTest, TellsAKeptConnectionThatItsAnswerIsTheLast) {
  ServerProcess server{{"-b", "127.0.0.1:0", "-k", GetParam(), "-w", "1", "--max-requests", "3", built_plugin("hello")}};
  HttpClient client{server.address()};
  for (int request = 0; request < 3; ++request) ASSERT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.get("/").field("Connection"), "close");
  server.expect_clean_stop();
}

TEST(RetirementJitterTest, RaisesTheLimitOfEachWorkerByAtMostTheJitter) {
  const TemporaryFolder folder;
  ServerProcess server{{"-b", "127.0.0.1:0", "-k", "event", "-w", "4", "--max-requests", "10", "--max-requests-jitter",
                        "10", "--access-logfile", "access.log", "--access-logformat", "%(p)s", built_plugin("hello")},
                       {.folder = folder.path()}};
  const auto address = server.address();
  for (int request = 0; request < 200; ++request) ASSERT_EQ(status_of_get(address), 200) << request;
  server.expect_clean_stop();
  std::map<std::string, int> answers;
  std::istringstream log{contents_of(folder / "access.log")};
  for (std::string pid; std::getline(log, pid);) ++answers[pid];
  for (const auto& [pid, count] : answers) EXPECT_LE(count, 25) << pid;  // and what was queued when it retired
  EXPECT_GE(answers.size(), 8U);
}

}  // namespace
}  // namespace indrik::test
