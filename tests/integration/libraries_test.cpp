// What else is done with client libraries, by blocking calls in one green worker, many at once.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <list>
#include <optional>
#include <string>

#include "integration/support/certificates.h"
#include "integration/support/client_socket.h"
#include "integration/support/http_client.h"
#include "integration/support/postgres_server.h"
#include "integration/support/redis_server.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"
#include "integration/support/upstream.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;

/// A port where connections are never made: the queue of those that nobody accepts is full.
class SilentPort {
 public:
  SilentPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_.get(), 0) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error{"listen"};
    number_ = std::to_string(ntohs(address.sin_port));
    first_ = start_connecting("127.0.0.1:" + number_);
  }
  const std::string& number() const noexcept { return number_; }

 private:
  Fd listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::string number_;
  Fd first_;
};

class LibrariesTest : public testing::Test {
 protected:
  void serve(const std::string& plugin, const std::string& config = {}) {
    site_.write("workers = 1\n", plugin, config);
    server_.emplace(std::vector<std::string>{"-c", "indrik.toml"}, site_.setup());
    server_->await_line("workers are ready");
  }
  void ask(const std::string& target, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) clients_.emplace_back(site_.address()).send(request_bytes("GET", target));
  }
  void expect_answers(int status, const testing::Matcher<std::string>& body) {
    for (auto& client : clients_) {
      const auto answer = client.receive();
      EXPECT_EQ(answer.status, status);
      EXPECT_THAT(answer.body, body);
    }
    clients_.clear();
    server_->expect_clean_stop();
  }
  /// At once, while twenty wait for two seconds each: one after the other they would take longer than a test waits.
  void expect_others_are_served() const { EXPECT_EQ(HttpClient{site_.address()}.get("/quick").body, "quick"); }

  Site site_{"green"};
  std::optional<ServerProcess> server_;
  std::list<HttpClient> clients_;
};

TEST_F(LibrariesTest, FiftyListenToPostgresAtOnce) {
  const PostgresServer postgres;
  serve(built_test_plugin("libraries"), "conninfo = \"" + postgres.conninfo() + "\"\n");
  ask("/listen", 50);
  EXPECT_TRUE(await([&] {
    return postgres.execute("SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN news' AND state = 'idle'") ==
           "50";
  }));
  expect_others_are_served();
  postgres.execute("NOTIFY news, 'something happened'");
  expect_answers(200, "something happened");
}

TEST_F(LibrariesTest, RowsAreCopiedToPostgresAndBack) {
  const PostgresServer postgres;
  serve(built_test_plugin("libraries"), "conninfo = \"" + postgres.conninfo() + "\"\n");
  ask("/copy", 5);
  expect_answers(200, "199990000");
}

TEST_F(LibrariesTest, FiftySubscribeToRedisAtOnce) {
  const RedisServer redis;
  serve(built_test_plugin("libraries"));
  const auto colon = redis.tcp_address().find(':');
  ask("/subscribe?host=" + redis.tcp_address().substr(0, colon) + "&port=6379", 50);
  EXPECT_TRUE(await([&] { return redis.command({"PUBSUB", "NUMSUB", "news"})->element[1]->integer == 50; }));
  expect_others_are_served();
  redis.command({"PUBLISH", "news", "something happened"});
  expect_answers(200, "something happened");
}

TEST_F(LibrariesTest, OthersAreServedWhileHiredisConnectsInVain) {
  const SilentPort port;
  serve(built_test_plugin("libraries"));
  ask("/redis?host=127.0.0.1&port=" + port.number(), 20);
  expect_others_are_served();
  expect_answers(502, "Connection timed out");
}

TEST_F(LibrariesTest, OthersAreServedWhileLibpqConnectsInVain) {
  const SilentPort port;
  serve(built_test_plugin("libraries"));
  ask("/database?host=127.0.0.1&port=" + port.number(), 20);
  expect_others_are_served();
  expect_answers(502, HasSubstr("timeout expired"));
}

TEST_F(LibrariesTest, LibcurlConnectsInVainForNoLongerThanItWasTold) {
  const SilentPort port;
  serve(built_plugin("fetch"),
        "url = \"http://localhost:" + port.number() + "\"\nconnect_timeout = \"300ms\"\ntimeout = \"1m\"\n");
  ask("/fetch", 20);
  expect_answers(503, HasSubstr("not available"));
  EXPECT_THAT(server_->error_text(), HasSubstr("after 30"));
}

TEST_F(LibrariesTest, LargeAnswersComeWhole) {
  const Upstream upstream{{.body = std::string(20'000'000, 'u')}};
  serve(built_plugin("fetch"), "url = \"" + upstream.url() + "\"\nmax_size = 20000000\ntimeout = \"1m\"\n");
  ask("/fetch", 8);
  expect_answers(200, testing::Property(&std::string::size, 20'000'000U));
}

TEST_F(LibrariesTest, LibcurlSpeaksTlsInManyFibersAtOnce) {
  const MadeCertificate authority{{.name = "authority", .is_authority = true}};
  const MadeCertificate certificate{{}, &authority};
  const TemporaryFolder folder;
  folder.write("ca.pem", authority.pem());
  folder.write("cert.pem", certificate.pem());
  folder.write("key.pem", certificate.key_pem());
  folder.write("tls.toml",
               "bind = [\"https://127.0.0.1:0\"]\nworker_class = \"event\"\ncertfile = \"cert.pem\"\n"
               "keyfile = \"key.pem\"\n[[app]]\nplugin = \"" +
                   built_plugin("health") + "\"\n");
  ServerProcess upstream{{"-c", "tls.toml"}, {.folder = folder.path()}};
  const auto address = upstream.address();
  upstream.await_line("workers are ready");
  serve(built_plugin("fetch"), "url = \"https://localhost" + address.substr(address.rfind(':')) + "/health\"\n" +
                                   "ca_file = \"" + (folder / "ca.pem").native() + "\"\ntimeout = \"1m\"\n");
  ask("/fetch", 100);
  expect_answers(200, "ok");
  upstream.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
