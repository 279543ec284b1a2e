// What HUP, TERM and max_requests do to those who use the server: bad reloads cost nothing, good ones lose nobody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "integration/support/bad_change.h"
#include "integration/support/http_client.h"
#include "integration/support/load_client.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kArguments{"-c", "indrik.toml"};

const auto kClasses = testing::Values("sync", "event", "green");

/// The pids of both, once there are as many as before.
void expect_same_workers(const ServerProcess& server, const std::vector<pid_t>& before) {
  EXPECT_TRUE(await([&] { return server.worker_pids() == before; })) << server.error_text();
}

constexpr std::size_t kConnections = 8;

class BadReloadTest : public testing::TestWithParam<std::tuple<std::string, BadChange>> {};

TEST_P(BadReloadTest, LeavesTheWorkersAsTheyAreAndNamesTheCause) {
  const auto& [worker_class, change] = GetParam();
  const Site site{worker_class};
  site.write("workers = 2");
  ServerProcess server{kArguments, site.setup()};
  server.await_line("workers are ready");
  const auto before = server.worker_pids();
  LoadClient load{site.address(), {.connections = kConnections}};
  change.make(site);
  server.signal(SIGHUP);
  EXPECT_THAT(server.await_line("reload failed"), HasSubstr(change.cause));
  expect_same_workers(server, before);
  site.write("workers = 1");
  server.signal(SIGHUP);
  server.await_line("reload done: 1 new workers");
  load.await_answered(load.answered() + 10);
  const auto totals = load.stop();
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  // A new worker that has begun to serve dies with its connections; that is once each, at the most.
  EXPECT_LE(totals.raced, change.serves_first ? kConnections : 0U);
  server.expect_clean_stop();
}

INSTANTIATE_TEST_SUITE_P(Worker, BadReloadTest, testing::Combine(kClasses, testing::ValuesIn(bad_changes())),
                         [](const auto& test) { return std::get<0>(test.param) + std::get<1>(test.param).name; });

class ReloadTest : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Worker, ReloadTest, kClasses, [](const auto& test) { return test.param; });

TEST_P(ReloadTest, NeverHasFewerWorkersThanWantedAndAtMostOneMoreThatServes) {
  const Site site{GetParam()};
  site.write("workers = 3");
  ServerProcess server{kArguments, site.setup()};
  server.await_line("workers are ready");
  server.signal(SIGHUP);
  std::size_t fewest = 3;
  EXPECT_TRUE(await([&] {
    fewest = std::min(fewest, server.worker_pids().size());
    return server.error_text().find("reload done") != std::string::npos;
  }));
  EXPECT_EQ(fewest, 3U);
  server.await_workers(3);
  server.expect_clean_stop();
}

TEST_P(ReloadTest, KeepsWhatStaysOfTheAddressesOpenAndExchangesTheRest) {
  const Site site{GetParam()};
  const auto bind_to = [&](const std::string& other) {
    site.write("workers = 2\ndrain_idle = \"20s\"", built_plugin("hello"), "",
               "\"unix:kept.sock\", \"unix:" + other + "\"");
  };
  bind_to("one.sock");
  ServerProcess server{kArguments, site.setup()};
  server.await_line("workers are ready");
  LoadClient load{site.address("kept.sock"), {.connections = 50}};
  for (std::size_t round = 1; round <= 4; ++round) {
    const std::string coming = round % 2 == 1 ? "two.sock" : "one.sock";
    const std::string going = round % 2 == 1 ? "one.sock" : "two.sock";
    HttpClient open{site.address(going)};
    ASSERT_EQ(open.get("/").status, 200);
    bind_to(coming);
    server.signal(SIGHUP);
    server.await_line("reload done", round);
    server.await_line("no longer listening at unix:", round);
    EXPECT_EQ(open.get("/").status, 200) << "a connection that stood, and is used at once";
    EXPECT_EQ(site.status(coming), 200);
    EXPECT_THROW(HttpClient{site.address(going)}, std::runtime_error);
    EXPECT_FALSE(std::filesystem::exists(site.folder() / going));
  }
  const auto totals = load.stop();
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  EXPECT_EQ(totals.raced, 0U);
  server.expect_clean_stop();
}

TEST_P(ReloadTest, ChangesTheErrorLogAndItsLevelWithTheWorkers) {
  const Site site{GetParam()};
  const auto first = site.folder() / "first.log";
  const auto second = site.folder() / "second.log";
  site.folder().write("first.log", "");  // to be waited for
  site.folder().write("second.log", "");
  site.write("error_logfile = \"first.log\"");
  ServerProcess server{kArguments, site.setup()};
  await_line(first, "workers are ready", 1, -1, Deadline{});
  site.write("error_logfile = \"second.log\"\nlog_level = \"debug\"");
  server.signal(SIGHUP);
  await_line(second, "reload done", 1, -1, Deadline{});
  await_line(second, "exited with code 0", 1, -1, Deadline{});
  site.write("error_logfile = \"nowhere/third.log\"");
  server.signal(SIGHUP);
  EXPECT_THAT(await_line(second, "reload failed", 1, -1, Deadline{}), HasSubstr("nowhere/third.log"));
  EXPECT_EQ(site.status(), 200);
  server.expect_clean_stop();
  EXPECT_THAT(contents_of(second), HasSubstr("[debug]"));
  EXPECT_THAT(contents_of(first), testing::Not(HasSubstr("stopped")));
}

TEST_P(ReloadTest, TakesAConfigurationBackWhoseWorkersDoNotStayUp) {
  const Site site{GetParam()};
  site.write("workers = 1");
  ServerProcess server{kArguments, site.setup()};
  server.await_line("workers are ready");
  site.write("workers = 1", built_test_plugin("crashes_later"), "delay_ms = 1300");
  server.signal(SIGHUP);
  server.await_line("reload done");
  server.await_line("the workers of the last reload do not stay up: back to what was before");
  server.await_line("reload done", 2);
  EXPECT_EQ(HttpClient{site.address()}.get("/").body, "Hello, world!");
  server.expect_clean_stop();
}

TEST_P(ReloadTest, GoesOnWithTheOtherWorkersWhenAReplacementCannotStart) {
  const Site site{GetParam()};
  const auto plugin = site.folder() / "app.so";
  const auto deploy = [&](const std::string& bytes) {
    site.folder().write("app.so.new", bytes);
    std::filesystem::rename(site.folder() / "app.so.new", plugin);
  };
  const auto good = contents_of(built_plugin("hello"));
  deploy(good);
  site.write("workers = 3", plugin.native());
  ServerProcess server{kArguments, site.setup()};
  server.await_line("workers are ready");
  const auto before = server.worker_pids();
  deploy(good.substr(0, 3000));
  ASSERT_EQ(::kill(before.front(), SIGTERM), 0);
  EXPECT_THAT(server.await_line("its successor is started in", 2), HasSubstr("app.so"));
  EXPECT_EQ(::kill(before[1], 0), 0);
  EXPECT_EQ(::kill(before[2], 0), 0);
  EXPECT_EQ(site.status(), 200);
  deploy(good);
  server.await_workers(3);
  server.expect_clean_stop();
}

TEST_P(ReloadTest, EndsAnOldWorkerThatDoesNotFinish) {
  const Site site{GetParam()};
  const std::string settings = "workers = 1\ngraceful_timeout = \"200ms\"\n";
  site.write(settings, built_test_plugin("misbehaving"));
  ServerProcess server{kArguments, site.setup()};
  server.await_line("workers are ready");
  const auto old = server.worker_pids().front();
  HttpClient client{site.address()};
  ASSERT_EQ(client.get("/fine").status, 200);  // from here on the connection is the old worker's
  client.send(request_bytes("GET", "/spin"));
  site.write(settings);
  server.signal(SIGHUP);
  server.await_line("reload done");
  EXPECT_EQ(client.receive_until_closed(), "");
  EXPECT_TRUE(await([&] { return ::kill(old, 0) != 0; }));
  EXPECT_EQ(site.status(), 200);
  server.expect_clean_stop();
}

TEST_P(ReloadTest, AcceptsDuringTheDrainDelayUntilASecondTerm) {
  const Site site{GetParam()};
  site.write("workers = 2\ndrain_delay = \"1h\"");
  ServerProcess server{kArguments, site.setup()};
  server.await_line("workers are ready");
  LoadClient load{site.address(), {.connections = 20}};
  load.await_answered(100);
  server.signal(SIGTERM);
  server.await_line("still accepting");
  load.await_answered(load.answered() + 500);
  EXPECT_EQ(site.status(), 200);
  const auto totals = load.stop();
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  EXPECT_EQ(totals.raced, 0U);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0}));
}

TEST_P(ReloadTest, RecyclesOneWorkerAtATimeAndLosesNoRequest) {
  const Site site{GetParam()};
  site.write("workers = 4\nmax_requests = 100");
  ServerProcess server{kArguments, site.setup()};
  server.await_line("workers are ready");
  const auto before = server.worker_pids();
  LoadClient load{site.address(), {.connections = 40}};
  std::size_t most = 0;
  std::size_t fewest = 4;
  EXPECT_TRUE(await([&] {
    const auto workers = server.worker_pids();
    most = std::max(most, workers.size());
    fewest = std::min(fewest, workers.size());
    return std::none_of(before.begin(), before.end(),
                        [&](pid_t old) { return std::find(workers.begin(), workers.end(), old) != workers.end(); });
  })) << server.error_text();
  EXPECT_EQ(most, 5U);
  EXPECT_EQ(fewest, 4U);
  const auto totals = load.stop();
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  EXPECT_EQ(totals.raced, 0U);
  server.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
