// Deadlines, and more work than there is room for, as clients of the real server see them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "integration/support/frozen_process.h"
#include "integration/support/http_client.h"
#include "integration/support/load_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> arguments(const std::string& worker_class, const std::vector<std::string>& more,
                                   const std::string& plugin = "patience") {
  std::vector<std::string> all{"-b", "127.0.0.1:0", "-k", worker_class, "-w", "1", built_test_plugin(plugin)};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::size_t times(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class PatienceTest : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Worker, PatienceTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(PatienceTest, Answers504NamesTheRequestCancelsTheHandlerAndKeepsTheWorker) {
  ServerProcess server{arguments(GetParam(), {"-t", "1s"})};
  server.await_line("workers are ready");
  const auto workers = server.worker_pids();
  HttpClient client{server.address()};
  const auto answer = client.get("/wait?for=ever");
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(client.receive_until_closed(), "") << "nothing follows the 504";
  EXPECT_THAT(server.await_line("no answer in time"),
              AllOf(HasSubstr("GET /wait?for=ever"), HasSubstr("route /wait"), HasSubstr("plugin patience")));
  server.await_line("the handler was cancelled");
  EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
  EXPECT_EQ(server.worker_pids(), workers);
  server.expect_clean_stop();
}

TEST_P(PatienceTest, TellsOfManyThatHadNoAnswerInAFewLines) {
  ServerProcess server{arguments(GetParam(), {"-t", "100ms", "--threads", "8"})};
  server.await_line("workers are ready");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(HttpClient{server.address()}.get("/wait?for=ever").status, 504);
  server.expect_clean_stop();
  EXPECT_EQ(times(server.error_text(), "(route /wait, plugin patience): no answer in time"), 1U);
}

TEST(GreenPatienceTest, WakesAFiberThatSleeps) {
  ServerProcess server{arguments("green", {"-t", "300ms"})};
  EXPECT_EQ(HttpClient{server.address()}.get("/sleep").status, 504);
  server.await_line("the handler was woken");
  server.expect_clean_stop();
}

TEST_P(PatienceTest, LetsAHandlerExtendItsDeadlineAndNoFurtherThanAllowed) {
  ServerProcess server{arguments(GetParam(), {"-t", "1s", "--max-timeout", "30s"})};
  EXPECT_EQ(HttpClient{server.address()}.get("/extended").body, "extended");
  server.expect_clean_stop();
  ServerProcess bounded{arguments(GetParam(), {"-t", "1s", "--max-timeout", "1200ms"})};
  EXPECT_EQ(HttpClient{bounded.address()}.get("/extended-too-far").status, 504);
  EXPECT_EQ(HttpClient{bounded.address()}.get("/fine").status, 200);
  bounded.expect_clean_stop();
}

/// The one connection that there may be is given up: only then another client is served.
TEST_P(PatienceTest, AbortsAHalfSentAnswerThatNobodyTakesAndAppendsNothing) {
  ServerProcess server{arguments(GetParam(), {"--write-timeout", "500ms", "--worker-connections", "1"})};
  HttpClient stalled{server.address()};
  stalled.send(request_bytes("GET", "/large"));
  ASSERT_TRUE(await_fd(stalled.fd(), POLLIN, Deadline{}));
  EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
  const auto got = stalled.receive_until_closed();
  EXPECT_EQ(times(got, "HTTP/1.1"), 1U);
  EXPECT_THAT(got.substr(0, 200), HasSubstr("Content-Length: 33554432"));
  EXPECT_LT(got.size(), 33'554'432U);
  server.expect_clean_stop();
}

TEST_P(PatienceTest, Answers503WithRetryAfterAboveWorkerConnections) {
  ServerProcess server{arguments(GetParam(), {"--worker-connections", "1", "--queue-timeout", "200ms"})};
  std::optional<HttpClient> first{server.address()};
  EXPECT_EQ(first->get("/fine").status, 200);
  for (int i = 0; i < 2; ++i) {
    HttpClient other{server.address()};
    const auto refused = other.get("/wait");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.field("retry-after"), "1");
    EXPECT_EQ(refused.field("connection"), "close");
  }
  EXPECT_EQ(first->get("/fine").status, 200) << "who is in is not disturbed";
  first.reset();
  EXPECT_TRUE(await([&] { return HttpClient{server.address()}.get("/fine").status == 200; }));
  EXPECT_THAT(server.error_text(), Not(HasSubstr("the handler waits"))) << "no handler ran for those refused";
  server.expect_clean_stop();
}

TEST_P(PatienceTest, ReplacesAWorkerAboveMaxMemoryWithoutAFailedRequest) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's own memory is far above";
#endif
  ServerProcess server{arguments(GetParam(), {"--max-memory", "200MiB", "--drain-idle", "10s"}, "misbehaving")};
  server.await_line("workers are ready");
  const auto before = server.await_workers(1);
  LoadClient load{server.address(), {.connections = 8, .target = "/fine", .pause = milliseconds{2}}};
  load.await_answered(50);
  EXPECT_EQ(HttpClient{server.address()}.get("/leak").status, 200);
  EXPECT_THAT(server.await_line("max_memory"), HasSubstr("retiring"));
  std::size_t fewest = 1;
  EXPECT_TRUE(await([&] {
    const auto now = server.worker_pids();
    fewest = std::min(fewest, now.size());
    return std::find(now.begin(), now.end(), before.front()) == now.end();
  })) << server.error_text();
  EXPECT_EQ(fewest, 1U) << "the successor is there first";
  load.await_answered(load.answered() + 50);
  const auto totals = load.stop();
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  EXPECT_EQ(totals.raced, 0U);
  server.expect_clean_stop();
}

TEST_P(PatienceTest, EndsSoonAtTermAlthoughAConnectionIsIdle) {
  ServerProcess server{arguments(GetParam(), {"--graceful-timeout", "60s"})};
  HttpClient idle{server.address()};
  EXPECT_EQ(idle.get("/fine").status, 200);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(milliseconds{10'000}), (ExitStatus{.code = 0}));  // drain_idle is 1 s; keep_alive is 75 s
}

TEST_P(PatienceTest, Answers408ToOneByteAndSilenceAndServesOthersMeanwhile) {
  ServerProcess server{arguments(GetParam(), {"--head-timeout", "1s", "--threads", "1"})};
  HttpClient slow{server.address()};
  slow.send("G");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
  EXPECT_EQ(slow.receive().status, 408);
  server.expect_clean_stop();
}

/// The classes in which a request waits for its turn: one thread.
class TurnTest : public testing::TestWithParam<std::string> {
 protected:
  /// Three connections whose requests the worker finds at once, whatever it does next.
  template <class Send>
  static void at_once(const ServerProcess& server, std::vector<HttpClient>& clients, Send send) {
    for (auto& client : clients) ASSERT_EQ(client.get("/fine").status, 200);
    const FrozenProcess worker{server.await_workers(1).front()};
    ASSERT_TRUE(worker.stands());
    send();
  }
  static std::vector<HttpClient> connect(const ServerProcess& server, int count) {
    std::vector<HttpClient> clients;
    for (int i = 0; i < count; ++i) clients.emplace_back(server.address());
    return clients;
  }
};
INSTANTIATE_TEST_SUITE_P(Worker, TurnTest, testing::Values("sync", "event"),
                         [](const auto& given) { return given.param; });

TEST_P(TurnTest, Answers503WithRetryAfterToWhoWaitsForLongerThanQueueTimeout) {
  ServerProcess server{arguments(GetParam(), {"--threads", "1", "--queue-timeout", "100ms"})};
  server.await_line("workers are ready");
  auto clients = connect(server, 2);
  at_once(server, clients, [&] {
    for (auto& client : clients) client.send(request_bytes("GET", "/hold"));
  });
  int held = 0;
  for (auto& client : clients) {
    const auto answer = client.receive();
    held += answer.status == 200 ? 1 : 0;
    if (answer.status == 200) continue;
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.field("retry-after"), "1");
  }
  EXPECT_EQ(held, 1);
  for (auto& client : clients) EXPECT_EQ(client.get("/fine").status, 200) << "on the same connection";
  server.expect_clean_stop();
  EXPECT_EQ(times(server.error_text(), "a handler holds its thread"), 1U);
}

TEST_P(TurnTest, DoesNotRunARequestWhoseClientHasGone) {
  ServerProcess server{arguments(GetParam(), {"--threads", "1"})};
  server.await_line("workers are ready");
  auto clients = connect(server, 3);
  at_once(server, clients, [&] {
    for (auto& client : clients) client.send(request_bytes("GET", "/hold"));
    clients[1].reset();
  });
  EXPECT_EQ(clients[0].receive().status, 200);
  EXPECT_EQ(clients[2].receive().status, 200);
  server.expect_clean_stop();
  EXPECT_EQ(times(server.error_text(), "a handler holds its thread"), 2U);
}

}  // namespace
}  // namespace indrik::test
