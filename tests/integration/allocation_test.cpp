// A request that takes the way of many before it takes no memory block: not the server, not the C++ interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "integration/support/http_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

// A sanitizer has a malloc of its own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

class AllocationTest : public testing::TestWithParam<std::string> {
 protected:
  std::uint64_t count() { return std::stoull(client_.get("/allocations").body); }
  void ask(const std::string& target, int times) {
    const HttpClient::Fields fields{{"User-Agent", std::string(150, 'x')},
                                    {"Accept", "text/html,application/xhtml+xml"},
                                    {"Accept-Language", "en"},
                                    {"Cookie", std::string(1500, 'y')}};
    for (int i = 0; i < times; ++i)
      if (const auto status = client_.request("GET", target, {}, fields).status; status != 200) FAIL() << status;
  }
  /// Memory blocks that so many requests take, when as many have gone before.
  std::int64_t blocks_of(const std::string& target, int requests) {
    ask(target, requests);
    count();
    const auto begun = count();
    const auto counted = count();
    ask(target, requests);
    return static_cast<std::int64_t>(count() - counted) - static_cast<std::int64_t>(counted - begun);
  }

 private:
  static std::string app(std::string_view name) { return "[[app]]\nplugin = \"" + built_plugin(name) + "\"\n"; }
  /// The folder, with what the server reads.
  std::filesystem::path configured() const {
    std::ofstream{folder_.path() / "indrik.toml"}
        << "bind = [\"127.0.0.1:0\"]\nworkers = 1\nthreads = 1\naccess_logfile = \"access.log\"\ndrain_idle = \"1ms\"\n"
        << "worker_class = \"" << GetParam() << "\"\n"
        << app("hello") << app("health") << "[app.config]\ndelay_ms = 1\n"
        << app("c_hello") << "mount = \"/c\"\n"
        << "[[app]]\nplugin = \"" << counter_ << "\"\n";
    return folder_.path();
  }

  TemporaryFolder folder_;
  std::string counter_ = built_test_plugin("allocations");

 protected:
  ServerProcess server_{{"-c", "indrik.toml"}, {.folder = configured(), .environment = {"LD_PRELOAD=" + counter_}}};
  HttpClient client_{server_.address()};
};
INSTANTIATE_TEST_SUITE_P(Worker, AllocationTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(AllocationTest, AnAnswerAtOnceTakesNothing) {
  EXPECT_EQ(blocks_of("/", 1000), 0);
  server_.expect_clean_stop();
}

TEST_P(AllocationTest, AnAnswerThatIsWaitedForTakesNothing) {
  EXPECT_EQ(blocks_of("/health", 300), 0);
  server_.expect_clean_stop();
}

TEST_P(AllocationTest, AHandlerThatBlocksTakesNothing) {
  EXPECT_EQ(blocks_of("/c", 1000), 0);
  server_.expect_clean_stop();
}

#endif

}  // namespace
}  // namespace indrik::test
