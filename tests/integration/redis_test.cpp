// The plugin redis with a real redis-server behind it, in every worker class.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <list>
#include <optional>
#include <regex>
#include <set>
#include <string>

#include "integration/support/http_client.h"
#include "integration/support/redis_server.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;

class RedisTest : public testing::TestWithParam<std::string> {
 protected:
  ServerProcess& serve(const std::string& address, const std::string& more = {}) {
    site_.write("workers = 1\n", built_plugin("redis"), "address = \"" + address + "\"\n" + more);
    server_.emplace(std::vector<std::string>{"-c", "indrik.toml"}, site_.setup());
    server_->await_line("workers are ready");
    return *server_;
  }
  HttpClient client() const { return HttpClient{site_.address()}; }
  HttpResponse get(const std::string& target) const { return client().get(target); }

  RedisServer redis_;
  Site site_{GetParam()};
  std::optional<ServerProcess> server_;
};
INSTANTIATE_TEST_SUITE_P(Worker, RedisTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(RedisTest, SetsAndReadsAFreshUuidCountsAndKeepsAUser) {
  auto& server = serve(redis_.tcp_address());
  static const std::regex kAnswer{
      R"(\{"uuid": "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"\}\n)"};
  auto client = this->client();
  const auto first = client.get("/ping"), second = client.get("/ping");
  EXPECT_EQ(first.field("content-type"), "application/json");
  EXPECT_TRUE(std::regex_match(first.body, kAnswer)) << first.body;
  EXPECT_NE(first.body, second.body);
  EXPECT_EQ(client.get("/hit").body, "{\"hit\": 1}\n");
  EXPECT_EQ(client.get("/hit").body, "{\"hit\": 2}\n");
  EXPECT_EQ(client.get("/user").status, 404);
  EXPECT_EQ(client.request("PUT", "/user", "Ada \"Countess\" L\n").status, 204);
  EXPECT_EQ(client.get("/user").body, "{\"user\": \"Ada \\\"Countess\\\" L\\u000a\"}\n");
  server.expect_clean_stop();
}

TEST_P(RedisTest, FindsItAtAUnixSocketAndUsesOneConnectionForRequestsInTurn) {
  auto& server = serve(redis_.address(), "hit_key = \"mine\"\n");
  auto client = this->client();
  for (int hit = 1; hit <= 50; ++hit) EXPECT_EQ(client.get("/hit").body, "{\"hit\": " + std::to_string(hit) + "}\n");
  EXPECT_STREQ(redis_.command({"GET", "mine"})->str, "50");
  const auto reply = redis_.command({"INFO", "clients"});
  EXPECT_THAT(reply->str, HasSubstr("connected_clients:2\r\n")) << "the plugin's and the test's";
  server.expect_clean_stop();
}

TEST_P(RedisTest, Answers503WhileItIsDownAndGoesOnWhenItIsBack) {
  auto& server = serve(redis_.address());
  EXPECT_EQ(get("/hit").status, 200);
  redis_.stop();
  const auto answer = get("/hit");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.field("retry-after"), "1");
  server.await_line("redis at " + redis_.address() + ": ");
  redis_.start();
  EXPECT_EQ(get("/hit").body, "{\"hit\": 1}\n");
  server.expect_clean_stop();
}

TEST_P(RedisTest, FailsNoRequestForAnIdleConnectionThatEnded) {
  auto& server = serve(redis_.address());
  EXPECT_EQ(get("/hit").body, "{\"hit\": 1}\n");
  redis_.command({"CLIENT", "KILL", "SKIPME", "yes"});
  EXPECT_EQ(get("/hit").body, "{\"hit\": 2}\n");
  server.expect_clean_stop();
}

TEST_P(RedisTest, Answers503WhereItTakesTooLong) {
  auto& server = serve(redis_.address(), "timeout = \"100ms\"\n");
  EXPECT_EQ(get("/hit").status, 200);
  redis_.command({"CLIENT", "PAUSE", "30000", "WRITE"});
  EXPECT_EQ(get("/hit").status, 503);
  server.await_line("; answered 503");
  redis_.command({"CLIENT", "UNPAUSE"});
  EXPECT_EQ(get("/hit").status, 200);
  server.expect_clean_stop();
}

TEST_P(RedisTest, TellsWhatItRefused) {
  auto& server = serve(redis_.address());
  redis_.command({"SET", "hits", "many"});
  EXPECT_EQ(get("/hit").status, 503);
  server.await_line("ERR value is not an integer or out of range; answered 503");
  server.expect_clean_stop();
}

using AsyncRedisTest = RedisTest;
INSTANTIATE_TEST_SUITE_P(Worker, AsyncRedisTest, testing::Values("event"),
                         [](const auto& given) { return given.param; });

TEST_P(AsyncRedisTest, SharesOneConnectionAndGivesEachItsOwnAnswer) {
  auto& server = serve(redis_.tcp_address());
  std::set<std::string> hits;
  for (int round = 0; round < 20; ++round) {
    std::list<HttpClient> clients;
    for (int i = 0; i < 50; ++i)
      clients.emplace_back(site_.address()).send(request_bytes("GET", i % 2 == 0 ? "/hit" : "/ping"));
    for (auto& client : clients) hits.insert(client.receive().body);
  }
  EXPECT_EQ(hits.size(), 1000U) << "every number and every UUID is another";
  EXPECT_STREQ(redis_.command({"GET", "hits"})->str, "500");
  EXPECT_THAT(redis_.command({"INFO", "clients"})->str, HasSubstr("connected_clients:2\r\n"));
  server.expect_clean_stop();
}

constexpr std::string_view kIncrement = "*2\r\n$4\r\nINCR\r\n$4\r\nhits\r\n";

TEST_P(AsyncRedisTest, FailsAllWhoWaitWhenItIsKilledAndConnectsAnew) {
  auto& server = serve(redis_.tcp_address(), "timeout = \"1m\"\n");
  redis_.command({"CLIENT", "PAUSE", "60000", "WRITE"});
  std::list<HttpClient> clients;
  for (int i = 0; i < 50; ++i) clients.emplace_back(site_.address()).send(request_bytes("GET", "/hit"));
  // One is held, and the others stand behind it in what Redis has read of their connection.
  EXPECT_TRUE(await([&] { return redis_.held("incr") == 1 && redis_.unparsed() >= 49 * kIncrement.size(); }));
  redis_.command({"CLIENT", "KILL", "SKIPME", "yes"});
  for (auto& client : clients) EXPECT_EQ(client.receive().status, 503);
  redis_.command({"CLIENT", "UNPAUSE"});
  EXPECT_EQ(get("/hit").body, "{\"hit\": 1}\n");
  server.expect_clean_stop();
}

TEST_P(RedisTest, IsRefusedWithAnAddressThatIsNone) {
  site_.write("", built_plugin("redis"), "address = \"localhost\"");
  ServerProcess server{{"-c", "indrik.toml"}, site_.setup()};
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 4}));
  EXPECT_THAT(server.error_text(), HasSubstr("config key address: expected"));
}

}  // namespace
}  // namespace indrik::test
