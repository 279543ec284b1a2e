#include "integration/support/load_client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <utility>

#include "integration/support/deadline.h"
#include "integration/support_test/tiny_server.h"

namespace indrik::test {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view kLast = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

void answer_until_closed(int fd) {
  while (!TinyServer::read_head(fd).empty()) TinyServer::write(fd, kOk);
}

TEST(LoadClientTest, CountsAnswers) {
  const TinyServer server{1, answer_until_closed};
  LoadClient load{server.address(), {.connections = 1}};
  load.await_answered(100);
  const auto totals = load.stop();
  EXPECT_GE(totals.answered, 100U);
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  EXPECT_EQ(totals.raced, 0U);
}

TEST(LoadClientTest, ConnectsAnewAfterConnectionClose) {
  const TinyServer server{11, [n = 0](int fd) mutable {
                            if (++n > 10) return answer_until_closed(fd);
                            TinyServer::read_head(fd);
                            TinyServer::write(fd, kLast);
                          }};
  LoadClient load{server.address(), {.connections = 1}};
  load.await_answered(12);
  const auto totals = load.stop();
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  EXPECT_EQ(totals.raced, 0U);
}

TEST(LoadClientTest, TellsARaceFromAFailure) {
  const TinyServer server{3, [n = 0](int fd) mutable {
                            TinyServer::read_head(fd);
                            ++n;
                            if (n == 1) TinyServer::write(fd, kOk);               // then closed while idle: a race
                            if (n == 2) TinyServer::write(fd, kOk.substr(0, 9));  // cut short: a failure
                            if (n == 3) {
                              TinyServer::write(fd, kOk);
                              answer_until_closed(fd);
                            }
                          }};
  LoadClient load{server.address(), {.connections = 1}};
  load.await_answered(3);
  const auto totals = load.stop();
  EXPECT_EQ(totals.raced, 1U);
  EXPECT_EQ(totals.failed, 1U) << totals.first_failure;
}

TEST(LoadClientTest, FailsAnswersThatAreNotAccepted) {
  const TinyServer server{1, answer_until_closed};
  std::atomic<int> seen{0};
  LoadClient load{server.address(), {.connections = 1, .accept = [&](const HttpResponse& response) {
                                       return ++seen != 2 && response.body == "ok";
                                     }}};
  load.await_answered(3);
  EXPECT_EQ(load.stop().failed, 1U);
}

TEST(LoadClientTest, FailsAnswersThatComeTooLate) {
  const TinyServer server{1, [](int fd) {
                            while (!TinyServer::read_head(fd).empty()) continue;
                          }};
  LoadClient load{server.address(), {.connections = 1, .answer_within = milliseconds{1}}};
  ASSERT_TRUE(await([&] { return load.failed() > 0; }));
  EXPECT_EQ(load.stop().first_failure, "no answer in time");
}

TEST(LoadClientTest, ExcusesWhatIsLostWithAConnectionThatWasNamedAndNothingElse) {
  std::atomic<LoadClient*> client{nullptr};
  const TinyServer server{2, [&, first = true](int fd) mutable {
                            TinyServer::read_head(fd);
                            if (!std::exchange(first, false)) return;
                            sockaddr_in peer{};
                            socklen_t size = sizeof peer;
                            ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size);
                            await([&] { return client.load() != nullptr; });
                            client.load()->excuse({ntohs(peer.sin_port)});
                          }};
  LoadClient load{server.address(), {.connections = 1}};
  client = &load;
  ASSERT_TRUE(await([&] { return load.failed() > 0; }));
  const auto totals = load.stop();
  EXPECT_EQ(totals.excused, 1U);
  EXPECT_EQ(totals.first_failure, "closed without an answer");
}

TEST(LoadClientTest, PausesBetweenRequestsAndLosesNoneWhereThereIsNone) {
  const TinyServer server{2, [](int fd) {
                            TinyServer::read_head(fd);
                            TinyServer::write(fd, kOk);
                            // The connection is closed in the pause.
                          }};
  LoadClient load{server.address(), {.connections = 1, .pause = milliseconds{3'600'000}}};
  load.await_answered(2);
  const auto totals = load.stop();
  EXPECT_EQ(totals.answered, 2U);
  EXPECT_EQ(totals.raced, 0U);
}

}  // namespace
}  // namespace indrik::test
