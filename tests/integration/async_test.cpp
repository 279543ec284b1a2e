// Coroutines within the real server, in every class of worker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <poll.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "integration/support/http_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class AsyncTest : public testing::TestWithParam<std::string> {
 protected:
  std::vector<std::string> arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"-b", "127.0.0.1:0", "-w", "1", "-k", GetParam(), "--log-level", "info"};
    all.insert(all.end(), more.begin(), more.end());
    all.push_back(built_test_plugin("async_probe"));
    return all;
  }
  /// Asks until it gets that: the server needs no time of its own, but some turns.
  static void await_answer(HttpClient& client, const std::string& target, const std::string& wanted) {
    const Deadline deadline;
    while (client.get(target).body != wanted)
      if (deadline.passed()) throw std::runtime_error{"never: " + wanted};
  }
};
INSTANTIATE_TEST_SUITE_P(Worker, AsyncTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(AsyncTest, AwaitsEverything) {
  ServerProcess server{arguments()};
  HttpClient client{server.address()};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/everything").body, "3 1 late elsewhere 7 line\n");
  server.expect_clean_stop();
}

TEST_P(AsyncTest, RunsItsBackgroundUntilTheWorkerEnds) {
  ServerProcess server{arguments()};
  HttpClient client{server.address()};
  for (int i = 1; i <= 10; ++i) EXPECT_EQ(client.request("POST", "/jobs", std::to_string(i)).status, 202);
  server.expect_clean_stop();
  const auto text = server.error_text();
  EXPECT_THAT(text, HasSubstr("async_probe: started"));
  EXPECT_THAT(text, HasSubstr("async_probe: the jobs came to 55"));  // on_stop() lets it finish
  EXPECT_THAT(text, HasSubstr("async_probe: stopped"));
  EXPECT_THAT(text, HasSubstr("async_probe: the clock stops"));
}

TEST_P(AsyncTest, SharesConnectionsBetweenFlavours) {
  ServerProcess server{arguments()};
  const auto address = server.address();
  std::vector<std::thread> clients;
  std::atomic<int> wrong{0};
  for (int number = 0; number < 6; ++number)
    clients.emplace_back([&, number] {
      HttpClient client{address};
      for (int i = 0; i < 20; ++i) {
        const auto answer = client.get((i + number) % 2 == 0 ? "/pool/async" : "/pool/blocking");
        if (answer.status != 200 || (answer.body != "1" && answer.body != "2")) ++wrong;
      }
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
  server.expect_clean_stop();
}

TEST_P(AsyncTest, CancelsWhatIsLateWithAllThatItHasBegun) {
  ServerProcess server{arguments({"--timeout", "200ms"})};
  HttpClient client{server.address()};
  EXPECT_EQ(client.get("/long").status, 504);
  HttpClient other{server.address()};
  await_answer(other, "/counts", "2 2");
  server.expect_clean_stop();
}

TEST_P(AsyncTest, CancelsWhatNobodyWaitsForAnyMore) {
  ServerProcess server{arguments()};
  {
    HttpClient leaving{server.address()};
    leaving.send(request_bytes("GET", "/long"));
    if (GetParam() != "sync") {  // where one request runs at a time
      HttpClient other{server.address()};
      await_answer(other, "/counts", "2 0");
    }
    const Deadline soon{150ms};  // whoever ends his sending half sooner may wait for the answer
    while (!soon.passed()) ::poll(nullptr, 0, soon.left_ms());
  }
  HttpClient other{server.address()};
  await_answer(other, "/counts", "2 2");
  server.expect_clean_stop();
  EXPECT_THAT(server.error_text(), Not(HasSubstr("cancelled")));  // no failure of the handler's
}

TEST_P(AsyncTest, LetsWhatNobodyWaitsForGoOnIfItShall) {
  ServerProcess server{arguments({"--cancel-on-disconnect", "false", "--timeout", "500ms"})};
  {
    HttpClient leaving{server.address()};
    leaving.send(request_bytes("GET", "/long"));
    leaving.end_sending();
    EXPECT_EQ(leaving.receive().status, 504);  // and not before
  }
  server.expect_clean_stop();
}

TEST_P(AsyncTest, AnswersWhoOnlyEndsHisSendingHalf) {
  ServerProcess server{arguments()};
  HttpClient client{server.address()};
  client.send(request_bytes("GET", "/everything"));
  client.end_sending();
  EXPECT_EQ(client.receive().body, "3 1 late elsewhere 7 line\n");
  server.expect_clean_stop();
}

TEST_P(AsyncTest, WorksUnderLoad) {
  ServerProcess server{arguments()};
  const auto address = server.address();
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int number = 0; number < 8; ++number)
    clients.emplace_back([&] {
      HttpClient client{address};
      for (int i = 0; i < 15; ++i)
        if (client.get("/everything").body == "3 1 late elsewhere 7 line\n") ++right;
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 8 * 15);
  server.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
