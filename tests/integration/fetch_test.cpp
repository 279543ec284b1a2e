// The plugin fetch with an HTTP server behind it, in every worker class.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "integration/support/http_client.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"
#include "integration/support/upstream.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;

class FetchTest : public testing::TestWithParam<std::string> {
 protected:
  ServerProcess& serve(const std::string& url, const std::string& config = {}) {
    site_.write("workers = 1\n", built_plugin("fetch"), "url = \"" + url + "\"\n" + config);
    server_.emplace(std::vector<std::string>{"-c", "indrik.toml"}, site_.setup());
    server_->await_line("workers are ready");
    return *server_;
  }
  HttpResponse get(const std::string& target = "/fetch") const { return HttpClient{site_.address()}.get(target); }

  Site site_{GetParam()};
  std::optional<ServerProcess> server_;
};
INSTANTIATE_TEST_SUITE_P(Worker, FetchTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(FetchTest, AnswersWhatTheOtherServerAnswersOverOneKeptConnection) {
  const Upstream upstream{{.body = std::string(300'000, 'u')}};
  auto& server = serve(upstream.url());
  for (int i = 0; i < 5; ++i) {
    const auto answer = get("/fetch?url=http://elsewhere/");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("content-type"), "text/plain");
    EXPECT_EQ(answer.body, std::string(300'000, 'u'));
  }
  EXPECT_EQ(upstream.connections(), 1U);
  server.expect_clean_stop();
}

TEST_P(FetchTest, HandsOnWhatTheOtherServerRefuses) {
  const Upstream upstream{{.status = 404}};
  auto& server = serve(upstream.url());
  EXPECT_EQ(get().status, 404);
  server.expect_clean_stop();
}

TEST_P(FetchTest, Answers503WhereTheOtherServerFails) {
  const Upstream upstream{{.status = 500}};
  auto& server = serve(upstream.url());
  EXPECT_EQ(get().status, 503);
  server.await_line(": answered 500; answered 503");
  server.expect_clean_stop();
}

TEST_P(FetchTest, Answers503WhileItIsDownAndGoesOnWhenItIsBack) {
  std::optional<Upstream> upstream{std::in_place};
  const auto port = upstream->port();
  auto& server = serve("http://localhost:" + std::to_string(port));
  EXPECT_EQ(get().status, 200) << "found by its name";
  upstream.reset();
  EXPECT_EQ(get().status, 503);
  server.await_line("Failed to connect to localhost port");
  upstream.emplace(Upstream::Options{}, port);
  EXPECT_EQ(get().status, 200);
  server.expect_clean_stop();
}

TEST_P(FetchTest, Answers503WhereItTakesTooLong) {
  const Upstream upstream{{.holds = true}};
  auto& server = serve(upstream.url(), "timeout = \"100ms\"\n");
  EXPECT_EQ(get().status, 503);
  server.await_line("Operation timed out after");
  server.expect_clean_stop();
}

TEST_P(FetchTest, Answers503WhereItSendsTooMuch) {
  const Upstream upstream{{.body = std::string(5000, 'u')}};
  auto& server = serve(upstream.url(), "max_size = 4999\n");
  EXPECT_EQ(get().status, 503);
  server.await_line("; answered 503");
  server.expect_clean_stop();
}

TEST_P(FetchTest, IsRefusedWithoutAUrl) {
  site_.write("", built_plugin("fetch"));
  ServerProcess server{{"-c", "indrik.toml"}, site_.setup()};
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 4}));
  EXPECT_THAT(server.error_text(), HasSubstr("config key url must be set"));
}

}  // namespace
}  // namespace indrik::test
