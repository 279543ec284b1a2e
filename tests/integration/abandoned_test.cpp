// In the midst of a library's wait, in a fiber or a coroutine, the request's deadline passes, or its client leaves: the
// call fails, the plugin lets the connection go, and the next request is served as if nothing had been.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <list>
#include <optional>
#include <string>

#include "integration/support/http_client.h"
#include "integration/support/postgres_server.h"
#include "integration/support/redis_server.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"
#include "integration/support/upstream.h"

namespace indrik::test {
namespace {

constexpr std::size_t kClients = 20, kKept = 5;

class AbandonedTest : public testing::TestWithParam<std::string> {
 protected:
  void serve(const std::string& plugin, const std::string& config) {
    site_.write("workers = 1\ntimeout = \"300ms\"\n", built_plugin(plugin), config);
    server_.emplace(std::vector<std::string>{"-c", "indrik.toml"}, site_.setup());
    server_->await_line("workers are ready");
    descriptors_ = open_descriptors();
  }
  HttpResponse get(const std::string& target) const { return HttpClient{site_.address()}.get(target); }

  void expect_all_504(const std::string& target) const {
    std::list<HttpClient> clients;
    for (std::size_t i = 0; i < kClients; ++i) clients.emplace_back(site_.address()).send(request_bytes("GET", target));
    for (auto& client : clients) EXPECT_EQ(client.receive().status, 504);
  }
  /// Connections that were waited on are closed. A few descriptors are kept: a connection or two in the pool, what
  /// libcurl wakes itself by.
  void expect_nothing_left() {
    EXPECT_TRUE(await([&] { return open_descriptors() <= descriptors_ + kKept; }))
        << open_descriptors() << ", before " << descriptors_;
    server_->expect_clean_stop();
  }
  std::size_t open_descriptors() const {
    const std::filesystem::directory_iterator all{"/proc/" + std::to_string(server_->worker_pids().front()) + "/fd"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  Site site_{GetParam()};
  std::optional<ServerProcess> server_;
  std::size_t descriptors_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Worker, AbandonedTest, testing::Values("event", "green"),
                         [](const auto& given) { return given.param; });

using AbandonedFiberTest = AbandonedTest;
INSTANTIATE_TEST_SUITE_P(Worker, AbandonedFiberTest, testing::Values("green"),
                         [](const auto& given) { return given.param; });

TEST_P(AbandonedTest, WaitsForRedisEnd) {
  const RedisServer redis;
  serve("redis", "address = \"" + redis.address() + "\"\ntimeout = \"1m\"\n");
  redis.command({"CLIENT", "PAUSE", "60000", "WRITE"});
  expect_all_504("/hit");
  redis.command({"CLIENT", "UNPAUSE"});
  EXPECT_EQ(get("/hit").status, 200);
  expect_nothing_left();
}

TEST_P(AbandonedTest, WaitsForAFreeConnectionEnd) {
  const RedisServer redis;
  serve("redis", "address = \"" + redis.address() + "\"\ntimeout = \"1m\"\npool_size = 2\n");
  redis.command({"CLIENT", "PAUSE", "60000", "WRITE"});
  expect_all_504("/hit");
  EXPECT_LE(redis.held("incr"), 2U);
  redis.command({"CLIENT", "UNPAUSE"});
  EXPECT_EQ(get("/hit").status, 200);
  EXPECT_EQ(get("/hit").status, 200);
  expect_nothing_left();
}

TEST_P(AbandonedTest, WaitsForPostgresEnd) {
  const PostgresServer postgres;
  serve("database", "conninfo = \"" + postgres.conninfo() +
                        "\"\ntimeout = \"1m\"\nslow_query = \"SELECT pg_advisory_xact_lock_shared(7)\"\n");
  postgres.execute("SELECT pg_advisory_lock(7)");
  expect_all_504("/db/slow");
  postgres.execute("SELECT pg_advisory_unlock(7)");
  EXPECT_EQ(get("/db").status, 200);
  expect_nothing_left();
}

TEST_P(AbandonedFiberTest, WaitsForAnotherServerEnd) {
  Upstream upstream{{.holds = true}};
  serve("fetch", "url = \"" + upstream.url() + "\"\ntimeout = \"1m\"\n");
  expect_all_504("/fetch");
  EXPECT_TRUE(await([&] { return upstream.connections() == 0; }));
  upstream.release();
  EXPECT_EQ(get("/fetch").status, 200);
  expect_nothing_left();
}

TEST_P(AbandonedFiberTest, WaitsOfClientsThatLeftEndAtTheDeadline) {
  Upstream upstream{{.holds = true}};
  serve("fetch", "url = \"" + upstream.url() + "\"\ntimeout = \"1m\"\n");
  {
    std::list<HttpClient> clients;
    for (std::size_t i = 0; i < kClients; ++i)
      clients.emplace_back(site_.address()).send(request_bytes("GET", "/fetch"));
    EXPECT_TRUE(await([&] { return upstream.in_flight() == kClients; }));
  }
  EXPECT_TRUE(await([&] { return upstream.connections() == 0; }));
  upstream.release();
  EXPECT_EQ(get("/fetch").status, 200);
  expect_nothing_left();
}

}  // namespace
}  // namespace indrik::test
