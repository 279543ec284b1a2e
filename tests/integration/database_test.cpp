// The plugin database with a real PostgreSQL behind it, in every worker class.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "integration/support/http_client.h"
#include "integration/support/postgres_server.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"

namespace indrik::test {
namespace {

class DatabaseTest : public testing::TestWithParam<std::string> {
 protected:
  ServerProcess& serve(const std::string& config = {}) {
    site_.write("workers = 1\n", built_plugin("database"), "conninfo = \"" + postgres_.conninfo() + "\"\n" + config);
    server_.emplace(std::vector<std::string>{"-c", "indrik.toml"}, site_.setup());
    server_->await_line("workers are ready");
    return *server_;
  }
  HttpResponse get(const std::string& target) const { return HttpClient{site_.address()}.get(target); }

  PostgresServer postgres_;
  Site site_{GetParam()};
  std::optional<ServerProcess> server_;
};
INSTANTIATE_TEST_SUITE_P(Worker, DatabaseTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(DatabaseTest, AnswersARowAsJson) {
  postgres_.execute("CREATE TABLE users (id int, name text, left_at date)");
  postgres_.execute("INSERT INTO users VALUES (7, E'O\\'Neil \"Ted\"\\n', NULL)");
  auto& server = serve("query = \"SELECT * FROM users WHERE id = 7\"\n");
  const auto answer = get("/db");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(answer.body, "{\"id\": \"7\", \"name\": \"O'Neil \\\"Ted\\\"\\u000a\", \"left_at\": null}\n");
  postgres_.execute("DELETE FROM users");
  EXPECT_EQ(get("/db").status, 404);
  server.expect_clean_stop();
}

TEST_P(DatabaseTest, WaitsInTheDatabase) {
  auto& server = serve();
  EXPECT_EQ(get("/db/slow").body, "{\"pg_sleep\": \"\"}\n");
  EXPECT_EQ(get("/db").body, "{\"id\": \"1\", \"name\": \"Indrik\"}\n");
  EXPECT_EQ(postgres_.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'indrik'"), "1");
  server.expect_clean_stop();
}

TEST_P(DatabaseTest, Answers503WhileItIsDownAndGoesOnWhenItIsBack) {
  auto& server = serve();
  EXPECT_EQ(get("/db").status, 200);
  postgres_.stop();
  EXPECT_EQ(get("/db").status, 503);
  server.await_line("PostgreSQL: connection to server on socket");
  postgres_.start();
  EXPECT_EQ(get("/db").status, 200) << "the connection that ended is not used";
  server.expect_clean_stop();
}

TEST_P(DatabaseTest, Answers503WhereAStatementFailsOrTakesTooLong) {
  auto& server = serve("query = \"SELECT 1/0\"\nslow_query = \"SELECT pg_sleep(3600)\"\ntimeout = \"50ms\"\n");
  EXPECT_EQ(get("/db").status, 503);
  server.await_line("PostgreSQL: ERROR:  division by zero; answered 503");
  EXPECT_EQ(get("/db/slow").status, 503);
  EXPECT_EQ(postgres_.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), "0");
  server.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
