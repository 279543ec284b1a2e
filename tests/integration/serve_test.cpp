// What ./dev serve serves: every address that conf/serve.toml promises answers, with nothing else installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "integration/support/http_client.h"
#include "integration/support/own_loopback.h"
#include "integration/support/server_process.h"
#include "support/temporary_folder.h"

namespace indrik::test {
namespace {

void replace_all(std::string& text, const std::string& old, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(old, at)) != text.npos; at += by.size()) text.replace(at, old.size(), by);
}

TEST(ServeTest, EveryExampleAnswers) {
  const std::filesystem::path source{INDRIK_SOURCE_DIR};
  auto text = contents_of(source / "conf/serve.toml");
  replace_all(text, "127.0.0.1", own_loopback());
  replace_all(text, "README.md", (source / "README.md").native());
  const TemporaryFolder folder;
  folder.write("serve.toml", text);
  ServerProcess server{{"-c", "serve.toml"}, {.folder = folder.path()}};
  server.await_line("workers are ready");
  HttpClient client{own_loopback() + ":8080"};
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.get("/health").body, "ok");
  EXPECT_EQ(client.get("/ping").status, 200);
  EXPECT_EQ(client.get("/hit").body, "{\"hit\": 1}\n");
  EXPECT_EQ(client.get("/hit").body, "{\"hit\": 2}\n");
  EXPECT_EQ(client.request("PUT", "/user", "Ada").status, 204);
  EXPECT_EQ(client.get("/user").body, "{\"user\": \"Ada\"}\n");
  EXPECT_EQ(client.get("/fetch").body, "ok");
  EXPECT_EQ(client.get("/file").body, contents_of(source / "README.md"));
  server.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
