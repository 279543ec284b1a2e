// What a service manager sees: a socket of the test's own plays its part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <filesystem>
#include <optional>

#include "integration/support/http_client.h"
#include "integration/support/notify_socket.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kReady = "READY=1";

/// A socket that listens on 127.0.0.1, as a socket unit's would, and where.
std::pair<Fd, std::string> open_socket() {
  Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd.get(), 128) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error{"open a socket"};
  return {std::move(fd), "127.0.0.1:" + std::to_string(ntohs(address.sin_port))};
}

class SystemdTest : public testing::Test {
 protected:
  ServerProcess& start(const std::string& more, std::vector<std::pair<std::string, int>> passed = {},
                       const std::string& plugin = built_plugin("hello")) {
    configure(more, plugin);
    server_.emplace(std::vector<std::string>{"-c", "server.toml"},
                    ServerProcess::Setup{.folder = folder_.path(),
                                         .environment = {manager_.variable(), "WATCHDOG_USEC=300000"},
                                         .passed = std::move(passed)});
    return *server_;
  }
  void configure(const std::string& more, const std::string& plugin = built_plugin("hello")) {
    folder_.write("server.toml", more + "[[app]]\nplugin = \"" + plugin + "\"\n");
  }

  TemporaryFolder folder_;
  NotifySocket manager_;
  std::optional<ServerProcess> server_;
};

const std::string kBind = "bind = [\"127.0.0.1:0\"]\n";

TEST_F(SystemdTest, IsToldReadyWhenAllWorkersAreAndStoppingAtTheEnd) {
  auto& server = start(kBind + "workers = 3\n");
  const auto ready = manager_.await(kReady);
  EXPECT_EQ(ready.sender, server.pid());
  EXPECT_EQ(ready.value("STATUS"), "serving with 3 workers");
  EXPECT_THAT(server.error_text(), HasSubstr("all 3 workers are ready"));
  EXPECT_THAT(manager_.heard().front(), HasSubstr("STATUS=starting: 0 of 3 workers are ready"));
  server.expect_clean_stop();
  EXPECT_THAT(manager_.await("STOPPING=1").value("STATUS"), HasSubstr("stopping: 3 workers"));
}

TEST_F(SystemdTest, IsToldStoppingWhileTheServerStillAccepts) {
  auto& server = start(kBind + "workers = 1\ndrain_delay = \"1h\"\n");
  manager_.await(kReady);
  server.signal(SIGTERM);
  manager_.await("STOPPING=1");
  EXPECT_EQ(HttpClient{server.address()}.get("/").status, 200);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0}));
}

TEST_F(SystemdTest, IsNotToldReadyByAServerThatDoesNotStart) {
  auto& server = start(kBind, {}, built_test_plugin("throwing_start"));
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 3}));
  EXPECT_TRUE(manager_.is_spared(kReady, Deadline{milliseconds{0}}));
}

TEST_F(SystemdTest, SeesEachReloadBeginAndEndAlsoOneThatFails) {
  auto& server = start(kBind);
  manager_.await(kReady);
  const auto before = monotonic_ns() / 1000;
  server.signal(SIGHUP);
  EXPECT_GE(std::stoll(manager_.await("RELOADING=1").value("MONOTONIC_USEC")), before);
  manager_.await(kReady);
  EXPECT_THAT(server.error_text(), HasSubstr("reload done"));
  configure("wokers = 1\n");
  server.signal(SIGHUP);
  manager_.await("RELOADING=1");
  manager_.await(kReady);
  EXPECT_THAT(server.error_text(), HasSubstr("reload failed"));
  server.expect_clean_stop();
}

TEST_F(SystemdTest, LearnsTheNewMainProcessAtAnUpgradeAndHearsFromThatOne) {
  auto& server = start(kBind);
  const auto old = manager_.await(kReady).sender;
  server.signal(SIGUSR2);
  server.follow_upgrade();
  EXPECT_EQ(manager_.await("MAINPID=" + std::to_string(server.pid())).sender, old);
  while (manager_.await(kReady).sender != server.pid()) continue;
  manager_.await("WATCHDOG=1");  // WATCHDOG_PID and the like do not mislead it
  for (const auto& text : manager_.heard()) EXPECT_THAT(text, Not(HasSubstr("STOPPING=1")));
  server.expect_clean_stop();
}

TEST_F(SystemdTest, HearsTheWatchdogOnlyWhileAWorkerMakesProgress) {
  auto& server = start(kBind + "timeout = 0\n");
  manager_.await(kReady);
  manager_.await("WATCHDOG=1");
  const auto worker = server.await_workers(1).front();
  ASSERT_EQ(::kill(worker, SIGSTOP), 0);
  // It may have shown a sign of life a moment ago.
  EXPECT_TRUE(await([&] { return manager_.is_spared("WATCHDOG=1", Deadline{milliseconds{1'000}}); }));
  ASSERT_EQ(::kill(worker, SIGCONT), 0);
  manager_.await("WATCHDOG=1");
  server.expect_clean_stop();
}

TEST_F(SystemdTest, IsNotWaitedForWhenItDoesNotReadAndLearnsEverythingAfterwards) {
  auto& server = start(kBind);
  server.await_line("workers are ready");
  // Each change of the number of workers is a new status: far more than its queue holds.
  for (int i = 0; i < 600; ++i) {
    server.signal(i % 2 == 0 ? SIGTTIN : SIGTTOU);
    server.await_line("the number of workers is now", static_cast<std::size_t>(i) + 1);
  }
  server.signal(SIGHUP);
  server.await_line("reload done");
  manager_.await("RELOADING=1");
  manager_.await(kReady);
  server.expect_clean_stop();
}

TEST_F(SystemdTest, PassesSocketsThatAreServedInPlaceOfTheDefaultAddress) {
  const auto [socket, address] = open_socket();
  auto& server = start("", {{"web", socket.get()}});
  manager_.await(kReady);
  EXPECT_EQ(server.addresses(), std::vector<std::string>{address});
  EXPECT_EQ(HttpClient{address}.get("/").status, 200);
  EXPECT_THAT(manager_.store(), IsEmpty());  // it has its own sockets already
  server.signal(SIGUSR2);
  server.follow_upgrade();
  EXPECT_EQ(HttpClient{address}.get("/").status, 200);
  EXPECT_THAT(server.error_text(), Not(HasSubstr(":8080")));
  server.expect_clean_stop();
}

TEST_F(SystemdTest, PassesASocketBesideWhichBindAddsOthersButNotTheSameAgain) {
  const auto [socket, address] = open_socket();
  auto& server = start("bind = [\"" + address + "\", \"127.0.0.1:0\"]\n", {{"web", socket.get()}});
  manager_.await(kReady);
  const auto addresses = server.addresses();
  ASSERT_EQ(addresses.size(), 2U);
  EXPECT_EQ(addresses[0], address);
  EXPECT_NE(addresses[1], address);
  for (const auto& each : addresses) EXPECT_EQ(HttpClient{each}.get("/").status, 200);
  server.signal(SIGHUP);
  server.await_line("reload done");
  for (const auto& each : addresses) EXPECT_EQ(HttpClient{each}.get("/").status, 200);
  server.expect_clean_stop();
}

TEST_F(SystemdTest, KeepsTheListenersOfAMasterThatIsKilledSoThatNobodyIsRefused) {
  const std::string bind = "bind = [\"127.0.0.1:0\", \"unix:indrik.sock\"]\n";
  auto& first = start(bind);
  const auto address = first.address();
  const auto socket = "unix:" + (folder_ / "indrik.sock").native();
  manager_.await(kReady);
  while (manager_.store().size() < 2) manager_.await("FDSTORE=1");
  ASSERT_EQ(::kill(first.pid(), SIGKILL), 0);
  EXPECT_EQ(first.wait_exit(), (ExitStatus{.signal = SIGKILL}));
  HttpClient waiting{address};  // nobody serves, and nobody refuses
  HttpClient waiting_too{socket};
  waiting.send(request_bytes("GET", "/"));
  waiting_too.send(request_bytes("GET", "/"));
  std::vector<std::pair<std::string, int>> stored;
  for (const auto& [name, fd] : manager_.store()) stored.emplace_back(name, fd.get());
  std::filesystem::remove(folder_ / "stderr");
  auto& second = start(bind, std::move(stored));
  EXPECT_EQ(waiting.receive().status, 200);
  EXPECT_EQ(waiting_too.receive().status, 200);
  EXPECT_EQ(second.addresses(), (std::vector<std::string>{address, "unix:indrik.sock"}));
  second.expect_clean_stop();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "indrik.sock"));
}

TEST_F(SystemdTest, ForgetsAListenerThatAReloadHasClosed) {
  auto& server = start("bind = [\"127.0.0.1:0\", \"unix:indrik.sock\"]\n");
  manager_.await(kReady);
  while (manager_.store().size() < 2) manager_.await("FDSTORE=1");
  configure(kBind);
  server.signal(SIGHUP);
  manager_.await("FDSTOREREMOVE=1");
  ASSERT_EQ(manager_.store().size(), 1U);
  EXPECT_THAT(manager_.store().front().first, Not(HasSubstr("unix")));
  server.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
