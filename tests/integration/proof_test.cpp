// What a plugin may do to the server while it is set up, before anything is served.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "integration/support/http_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string app(const std::string& plugin, const std::string& how, const std::string& mount = "/") {
  return "[[app]]\nplugin = \"" + plugin + "\"\nmount = \"" + mount + "\"\n[app.config]\nhow = \"" + how + "\"\n";
}

/// A server whose only plugin ends or waits while it is set up.
class ProofTest : public testing::Test {
 protected:
  ServerProcess start(const std::string& configuration, std::vector<std::string> more = {}) const {
    folder_.write("indrik.toml", "bind = [\"unix:indrik.sock\"]\n" + configuration);
    more.insert(more.begin(), {"-c", "indrik.toml"});
    return ServerProcess{std::move(more), {.folder = folder_.path()}};
  }
  static pid_t child_that_waits(const ServerProcess& server) {
    server.await_line("waiting for a file named go");
    return server.await_workers(1).front();
  }
  static void expect_refused(ServerProcess& server, const std::string& plugin, const std::string& reason) {
    EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 4}));
    const auto said = server.error_text();
    EXPECT_THAT(said, HasSubstr("plugin " + plugin + " " + reason));
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
    EXPECT_EQ(server.output_text(), "");
  }

  const std::string plugin_ = built_test_plugin("setup_ends");
  const TemporaryFolder folder_;
};

/// How a plugin ends the process, and what is said of that.
struct Ending {
  std::string how, said;
};

class EndedProofTest : public ProofTest, public testing::WithParamInterface<Ending> {};

INSTANTIATE_TEST_SUITE_P(Plugin, EndedProofTest,
                         testing::Values(Ending{"exit0", "exited with code 0"}, Ending{"exit4", "exited with code 4"},
                                         Ending{"abort", "was killed by SIGABRT"}),
                         [](const auto& given) { return given.param.how; });

TEST_P(EndedProofTest, IsAPluginThatIsNotLoaded) {
  auto server = start(app(plugin_, GetParam().how));
  expect_refused(server, plugin_, "ended the process that loaded it: it " + GetParam().said);
}

TEST_P(EndedProofTest, IsNoGoodConfiguration) {
  auto server = start(app(plugin_, GetParam().how), {"--check-config"});
  expect_refused(server, plugin_, "ended the process that loaded it: it " + GetParam().said);
}

TEST_F(ProofTest, AccusesTheOneOfTwoPluginsThatCrashes) {
  const auto second = folder_ / "second.so";
  std::filesystem::copy_file(plugin_, second);
  auto server = start("[[app]]\nplugin = \"" + built_plugin("hello") + "\"\n" + app(second, "abort", "/second"));
  expect_refused(server, second, "ended the process that loaded it: it was killed by SIGABRT");
}

TEST_F(ProofTest, TakesNoLongerThanTheTimeout) {
  auto server = start("boot_timeout = \"1s\"\n" + app(plugin_, "waits"));
  const auto child = child_that_waits(server);
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 4}));
  EXPECT_THAT(server.error_text(), HasSubstr("plugin " + plugin_ + " was not loaded within 1000 ms (boot_timeout)"));
  EXPECT_TRUE(::kill(child, 0) != 0 && errno == ESRCH);
}

class StoppedProofTest : public ProofTest, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Signal, StoppedProofTest, testing::Values(SIGTERM, SIGINT, SIGQUIT),
                         [](const auto& given) { return ::sigabbrev_np(given.param); });

TEST_P(StoppedProofTest, EndsAtOnceAndLeavesNoChild) {
  auto server = start("timeout = \"0\"\n" + app(plugin_, "waits"));
  const auto child = child_that_waits(server);
  server.signal(GetParam());
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0})) << server.error_text();
  EXPECT_TRUE(::kill(child, 0) != 0 && errno == ESRCH);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "indrik.sock"));
}

class UndisturbedProofTest : public ProofTest, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Signal, UndisturbedProofTest, testing::Values(SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGWINCH),
                         [](const auto& given) { return ::sigabbrev_np(given.param); });

TEST_P(UndisturbedProofTest, GoesOnAndTheServerServes) {
  auto server = start(app(plugin_, "waits"));
  child_that_waits(server);
  server.signal(GetParam());
  folder_.write("go");
  server.await_line("workers are ready");
  EXPECT_EQ(HttpClient{"unix:" + (folder_ / "indrik.sock").native()}.get("/").body, "went");
  server.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
