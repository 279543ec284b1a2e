// What green workers are for: plain blocking code waits for others beside itself. Two hundred clients ask one worker at
// once, and the peer holds every answer back: in class green it has two hundred requests then; in class sync, where
// twenty ask, one.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

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

struct Given {
  std::string worker_class;
  std::size_t clients, at_once;
};

class CooperationTest : public testing::TestWithParam<Given> {
 protected:
  void serve(const std::string& plugin, const std::string& config) {
    site_.write("workers = 1\nqueue_timeout = 0\n", plugin, config);
    server_.emplace(std::vector<std::string>{"-c", "indrik.toml"}, site_.setup());
    server_->await_line("workers are ready");
  }
  void ask(const std::string& target) {
    for (std::size_t i = 0; i < GetParam().clients; ++i)
      clients_.emplace_back(site_.address()).send(request_bytes("GET", target));
  }
  /// So many requests are at the peer, and no more come.
  void expect_at_once(const std::function<std::size_t()>& count) const {
    EXPECT_TRUE(await([&] { return count() >= GetParam().at_once; })) << count();
    EXPECT_EQ(count(), GetParam().at_once);
  }
  void expect_all_answered(int status = 200) {
    for (auto& client : clients_) ASSERT_EQ(client.receive().status, status);
    clients_.clear();
    server_->expect_clean_stop();
  }

  Site site_{GetParam().worker_class};
  std::optional<ServerProcess> server_;
  std::list<HttpClient> clients_;
};
INSTANTIATE_TEST_SUITE_P(Worker, CooperationTest, testing::Values(Given{"sync", 20, 1}, Given{"green", 200, 200}),
                         [](const auto& given) { return given.param.worker_class; });

TEST_P(CooperationTest, OfHiredis) {
  const RedisServer redis;
  serve(built_plugin("redis"), "address = \"" + redis.tcp_address() + "\"\ntimeout = \"1m\"\n");
  redis.command({"CLIENT", "PAUSE", "60000", "WRITE"});
  ask("/hit");
  expect_at_once([&] { return redis.held("incr"); });
  redis.command({"CLIENT", "UNPAUSE"});
  expect_all_answered();
  EXPECT_EQ(redis.command({"GET", "hits"})->str, std::to_string(GetParam().clients));
}

TEST_P(CooperationTest, OfLibpq) {
  const PostgresServer postgres;
  serve(built_plugin("database"),
        "conninfo = \"" + postgres.conninfo() +
            "\"\ntimeout = \"1m\"\npool_size = 200\n"
            "slow_query = \"SELECT pg_sleep(0.1) FROM (SELECT pg_advisory_xact_lock_shared(7) OFFSET 0) AS gate\"\n");
  postgres.execute("SELECT pg_advisory_lock(7)");
  ask("/db/slow");
  expect_at_once([&] {
    return std::stoul(postgres.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'"));
  });
  postgres.execute("SELECT pg_advisory_unlock(7)");
  expect_all_answered();
}

TEST_P(CooperationTest, OfLibcurl) {
  Upstream upstream{{.holds = true}};
  serve(built_plugin("fetch"), "url = \"" + upstream.url() + "\"\ntimeout = \"1m\"\n");
  ask("/fetch");
  expect_at_once([&] { return upstream.in_flight(); });
  upstream.release();
  expect_all_answered();
  EXPECT_EQ(upstream.most_in_flight(), GetParam().at_once);
}

TEST_P(CooperationTest, OfSleepingThreads) {
  const auto fifo = site_.folder() / "arrivals";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const Fd arrivals{::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  serve(built_test_plugin("sleeper"), "folder = \"" + site_.folder().path().native() + "\"\n");
  ask("/sleep");
  expect_at_once([&] {
    int bytes = 0;
    ::ioctl(arrivals.get(), FIONREAD, &bytes);
    return static_cast<std::size_t>(bytes);
  });
  site_.folder().write("go");
  expect_all_answered(204);
}

}  // namespace
}  // namespace indrik::test
