// The plugin file, in every worker class.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

#include "integration/support/http_client.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;

class FileTest : public testing::TestWithParam<std::string> {
 protected:
  ServerProcess& serve(const std::string& config = {}) {
    site_.write("workers = 1\n", built_plugin("file"), "path = \"" + path().native() + "\"\n" + config);
    server_.emplace(std::vector<std::string>{"-c", "indrik.toml"}, site_.setup());
    server_->await_line("workers are ready");
    return *server_;
  }
  std::filesystem::path path() const { return site_.folder() / "told.txt"; }
  HttpResponse get() const { return HttpClient{site_.address()}.get("/file"); }

  Site site_{GetParam()};
  std::optional<ServerProcess> server_;
};
INSTANTIATE_TEST_SUITE_P(Worker, FileTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(FileTest, AnswersWhatStandsInTheFileNow) {
  auto& server = serve();
  EXPECT_EQ(get().status, 404);
  server.await_line("open " + path().native() + ": No such file or directory; answered 404");
  for (const std::size_t size : {0U, 1U, 4096U, 1'048'576U}) {
    site_.folder().write("told.txt", std::string(size, 'f'));
    const auto answer = get();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(answer.body, std::string(size, 'f'));
  }
  server.expect_clean_stop();
}

TEST_P(FileTest, ReadsWhatHasNoSizeBeforeItIsRead) {
  site_.write("", built_plugin("file"), "path = \"/proc/self/status\"\ntype = \"text/x-status\"\n");
  ServerProcess server{{"-c", "indrik.toml"}, site_.setup()};
  server.await_line("workers are ready");
  const auto answer = get();
  EXPECT_THAT(answer.body, HasSubstr("indrik"));
  EXPECT_EQ(answer.field("content-type"), "text/x-status");
  server.expect_clean_stop();
}

TEST_P(FileTest, RefusesAFileThatIsTooLargeOrNone) {
  auto& server = serve("max_size = 10\n");
  site_.folder().write("told.txt", std::string(11, 'f'));
  EXPECT_EQ(get().status, 500);
  server.await_line("told.txt: File too large");
  std::filesystem::remove(path());
  std::filesystem::create_directory(path());
  EXPECT_EQ(get().status, 500);
  server.await_line("told.txt: Is a directory");
  server.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
