// The master and its workers, as an operator sees them: the real binary, real signals, real load.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>

#include "integration/support/http_client.h"
#include "integration/support/load_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kKills = 100;
constexpr std::uint64_t kReloadedRequests = 20'000;
constexpr std::size_t kGrowthKib = 64 * 1024;  // AddressSanitizer keeps what was freed
#else
constexpr int kKills = 1000;
constexpr std::uint64_t kReloadedRequests = 100'000;
constexpr std::size_t kGrowthKib = 1024;
#endif

/// Each worker class under the same treatment.
class SupervisionTest : public testing::TestWithParam<std::string> {
 protected:
  std::vector<std::string> arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"-b", "127.0.0.1:0", "-k", GetParam(), built_plugin("hello")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

INSTANTIATE_TEST_SUITE_P(Worker, SupervisionTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

/// Waits until `old` is not among the workers and there are `count` of them, all ready: each is asked by name in the
/// log.
std::vector<pid_t> await_replaced(const ServerProcess& server, pid_t old, std::size_t count) {
  std::vector<pid_t> workers;
  EXPECT_TRUE(await([&] {
    workers = server.worker_pids();
    return workers.size() == count && std::find(workers.begin(), workers.end(), old) == workers.end();
  })) << server.error_text();
  return workers;
}

TEST_P(SupervisionTest, ReplacesEachKilledWorkerUnderLoadAndLosesOnlyItsRequests) {
  constexpr std::size_t kConnections = 40;
  ServerProcess server{arguments({"-w", "4"})};
  server.await_line("workers are ready");
  LoadClient load{server.address(), {.connections = kConnections}};
  load.await_answered(500);
  for (int round = 0; round < 4; ++round) {
    const pid_t victim = server.await_workers(4)[0];
    ASSERT_EQ(::kill(victim, SIGKILL), 0);
    await_replaced(server, victim, 4);
    load.await_answered(load.answered() + 500);
  }
  const auto totals = load.stop();
  // At most what the killed ones held: every connection of a worker, once for each kill.
  EXPECT_LE(totals.failed + totals.raced, 4 * kConnections) << totals.first_failure;
  server.await_line("was killed by SIGKILL", 4);
  server.expect_clean_stop();
}

TEST(KilledWorkersTest, NeitherGrowNorTireTheMaster) {
  ServerProcess server{{"-b", "127.0.0.1:0", "-k", "event", "-w", "2", "--log-level", "debug", built_plugin("hello")}};
  server.await_line("workers are ready");
  std::size_t descriptors = 0;
  std::size_t resident = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const pid_t victim = server.await_workers(2)[0];
    ASSERT_EQ(::kill(victim, SIGKILL), 0);
    await_replaced(server, victim, 2);
    server.await_line("is ready", 3 + static_cast<std::size_t>(kill));  // or it would be one that died young
    if (kill == 20) {
      descriptors = server.open_descriptors();
      resident = server.resident_kib();
    }
  }
  EXPECT_EQ(HttpClient{server.address()}.get("/").status, 200);
  EXPECT_EQ(server.open_descriptors(), descriptors);
  EXPECT_LE(server.resident_kib(), resident + kGrowthKib);
  server.expect_clean_stop();
}

TEST_P(SupervisionTest, ReloadsUnderLoadWithoutAFailedRequest) {
  ServerProcess server{arguments({"-w", "2"})};
  server.await_line("workers are ready");
  LoadClient load{server.address(), {.connections = 200}};
  std::size_t reloads = 0;
  for (std::uint64_t target = kReloadedRequests / 10; target <= kReloadedRequests; target += kReloadedRequests / 10) {
    load.await_answered(target);
    server.signal(SIGHUP);
    server.await_line("reload done", ++reloads);
  }
  const auto totals = load.stop();
  EXPECT_GE(totals.answered, kReloadedRequests);
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  EXPECT_EQ(totals.raced, 0U);
  server.await_workers(2);
  server.expect_clean_stop();
}

/// Writes the configuration of a server with hello.so at once and whole, as an editor would.
void write_configuration(const std::filesystem::path& file, const std::string& text) {
  const auto draft = file.native() + ".new";
  std::ofstream{draft} << text;
  std::filesystem::rename(draft, file);
}

TEST_P(SupervisionTest, ReloadsTheConfigurationAndRefusesAWrongOne) {
  TemporaryFolder folder;
  const auto file = folder.path() / "server.toml";
  const std::string common = "bind = [\"127.0.0.1:0\"]\nworker_class = \"" + GetParam() + "\"\n";
  const std::string hello = "[[app]]\nplugin = \"" + built_plugin("hello") + "\"\n";
  write_configuration(file, common + "workers = 1\n" + hello);
  ServerProcess server{{"-c", file.native()}};
  server.await_line("workers are ready");
  const auto before = server.worker_pids();

  write_configuration(file, common + "wokers = 2\n" + hello);
  server.signal(SIGHUP);
  EXPECT_THAT(server.await_line("reload failed"), HasSubstr("server.toml:3: unknown key \"wokers\""));

  write_configuration(file, common + "[[app]]\nplugin = \"" + built_test_plugin("throwing_start") + "\"\n");
  server.signal(SIGHUP);
  server.await_line("reload failed", 2);
  EXPECT_TRUE(await([&] { return server.worker_pids() == before; }));
  EXPECT_EQ(HttpClient{server.address()}.get("/").status, 200);

  write_configuration(file, common + "workers = 2\n" + hello);
  server.signal(SIGHUP);
  server.await_line("reload done");
  server.await_workers(2);
  EXPECT_EQ(HttpClient{server.address()}.get("/").status, 200);
  server.expect_clean_stop();
}

TEST_P(SupervisionTest, DrainsOnTermWithoutAFailedRequest) {
  ServerProcess server{arguments({"-w", "2", "--drain-idle", "20s"})};
  server.await_line("workers are ready");
  HttpClient kept{server.address()};
  EXPECT_EQ(kept.get("/").status, 200);
  server.signal(SIGTERM);
  server.await_line("stopping gracefully");
  // The worker hears of it a moment after the master has said so.
  EXPECT_TRUE(await([&] {
    const auto answer = kept.get("/");
    EXPECT_EQ(answer.status, 200);
    return answer.field("connection") == "close";
  }));
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0}));
}

TEST_P(SupervisionTest, StopsQuicklyOnIntAndQuit) {
  for (const int number : {SIGINT, SIGQUIT}) {
    ServerProcess server{arguments({"-w", "2"})};
    server.await_line("workers are ready");
    HttpClient kept{server.address()};
    EXPECT_EQ(kept.get("/").status, 200);
    server.signal(number);
    EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0}));
  }
}

TEST_P(SupervisionTest, ChangesTheNumberOfWorkers) {
  ServerProcess server{arguments({"-w", "1"})};
  server.await_line("workers are ready");
  server.signal(SIGTTIN);
  server.await_workers(2);
  server.signal(SIGTTIN);
  server.await_workers(3);
  server.signal(SIGTTOU);
  server.await_workers(2);
  server.signal(SIGTTOU);
  server.await_workers(1);
  server.signal(SIGTTOU);
  server.await_line("the number of workers stays 1");
  EXPECT_EQ(HttpClient{server.address()}.get("/").status, 200);
  server.expect_clean_stop();
}

TEST_P(SupervisionTest, ReopensItsLogs) {
  TemporaryFolder folder;
  const auto log = folder.path() / "access.log";
  ServerProcess server{arguments({"--access-logfile", log.native(), "-w", "1"})};
  server.await_line("workers are ready");
  EXPECT_EQ(HttpClient{server.address()}.get("/").status, 200);
  ASSERT_TRUE(await([&] { return std::filesystem::exists(log) && std::filesystem::file_size(log) > 0; }));
  std::filesystem::rename(log, folder.path() / "access.log.1");
  server.signal(SIGUSR1);
  ASSERT_TRUE(await([&] { return std::filesystem::exists(log); }));
  EXPECT_EQ(HttpClient{server.address()}.get("/").status, 200);
  EXPECT_TRUE(await([&] { return std::filesystem::file_size(log) > 0; }));
  server.expect_clean_stop();
}

TEST_P(SupervisionTest, LeavesNoWorkerBehindWhenTheMasterIsKilled) {
  ServerProcess server{arguments({"-w", "2"})};
  server.await_line("workers are ready");
  const auto workers = server.worker_pids();
  ASSERT_EQ(::kill(server.pid(), SIGKILL), 0);
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.signal = SIGKILL}));
  for (const pid_t worker : workers) EXPECT_TRUE(await([&] { return ::kill(worker, 0) != 0; }));
}

TEST_P(SupervisionTest, ReplacesAWorkerThatCrashes) {
  ServerProcess server{arguments({"-w", "2", built_test_plugin("misbehaving")})};
  server.await_line("workers are ready");
  for (const auto* target : {"/crash", "/segfault", "/exit"}) {
    HttpClient client{server.address()};
    client.send(request_bytes("GET", target));
    EXPECT_EQ(client.receive_until_closed(), "") << target;
    server.await_workers(2);
    EXPECT_EQ(HttpClient{server.address()}.get("/").status, 200);
  }
}

TEST(StuckWorkerTest, IsAbortedAndReportedAndReplaced) {
  ServerProcess server{{"-b", "127.0.0.1:0", "-k", "sync", "-w", "1", "--timeout", "1", built_plugin("hello"),
                        built_test_plugin("misbehaving")}};
  server.await_line("workers are ready");
  const pid_t stuck = server.await_workers(1)[0];
  HttpClient client{server.address()};
  client.send(request_bytes("GET", "/spin"));
  EXPECT_EQ(client.receive().status, 504);
  EXPECT_EQ(client.receive_until_closed(), "");
  EXPECT_THAT(server.await_line("GET /spin"), HasSubstr("plugin misbehaving"));
  server.await_line("SIGABRT");
  await_replaced(server, stuck, 1);
  EXPECT_EQ(HttpClient{server.address()}.get("/").status, 200);
}

}  // namespace
}  // namespace indrik::test
