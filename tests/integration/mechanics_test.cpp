// What a server does with its own process: retirement, folder, environment, user, daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "integration/support/http_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// One request on a connection of its own, as clients send that keep nothing.
int status_of_get(const std::string& address, std::string_view target = "/") {
  return HttpClient{address}.request("GET", target, {}, {{"Connection", "close"}}).status;
}

class RetirementTest : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Worker, RetirementTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(RetirementTest, ReplacesAWorkerThatHasAnsweredMaxRequestsAndLosesNone) {
  constexpr int kLimit = 20;
  ServerProcess server{{"-b", "127.0.0.1:0", "-k", GetParam(), "-w", "1", "--max-requests", std::to_string(kLimit),
                        built_plugin("hello")}};
  server.await_line("workers are ready");
  const auto first = server.await_workers(1).front();
  const auto address = server.address();
  for (int request = 0; request < 2 * kLimit; ++request) ASSERT_EQ(status_of_get(address), 200) << request;
  EXPECT_TRUE(await([&] { return ::kill(first, 0) != 0; })) << server.error_text();
  EXPECT_TRUE(await([&] { return server.worker_pids().size() == 1; })) << server.error_text();
  server.expect_clean_stop();
}

TEST_P(RetirementTest, TellsAKeptConnectionThatItsAnswerIsTheLast) {
  ServerProcess server{
      {"-b", "127.0.0.1:0", "-k", GetParam(), "-w", "1", "--max-requests", "3", built_plugin("hello")}};
  HttpClient client{server.address()};
  for (int request = 0; request < 3; ++request) ASSERT_EQ(client.get("/").field("Connection"), std::nullopt);
  EXPECT_TRUE(await([&] { return client.get("/").field("Connection") == "close"; }));  // the successor is ready
  server.expect_clean_stop();
}

TEST(RetirementJitterTest, ExchangesWorkersOneByOneAndLosesNone) {
  const TemporaryFolder folder;
  ServerProcess server{{"-b", "127.0.0.1:0", "-k", "event", "-w", "4", "--max-requests", "10", "--max-requests-jitter",
                        "10", "--access-logfile", "access.log", "--access-logformat", "%(p)s", built_plugin("hello")},
                       {.folder = folder.path()}};
  const auto address = server.address();
  for (int request = 0; request < 200; ++request) ASSERT_EQ(status_of_get(address), 200) << request;
  server.expect_clean_stop();
  std::map<std::string, int> answers;
  std::istringstream log{contents_of(folder / "access.log")};
  for (std::string pid; std::getline(log, pid);) ++answers[pid];
  EXPECT_GE(answers.size(), 5U);  // one at a time goes, when its successor is ready
}

/// How a run of the server ended that should end by itself.
struct Outcome {
  ExitStatus status;
  std::string error;
};

Outcome run(std::vector<std::string> arguments, ServerProcess::Setup setup = {}) {
  ServerProcess server{std::move(arguments), std::move(setup)};
  const auto status = server.wait_exit();
  return {status, server.error_text()};
}

std::string told(const ServerProcess& server, std::string_view target) {
  return HttpClient{server.address()}.get(target).body;
}

TEST(FolderTest, WorksInTheFolderOfChdirAndReadsItsFileAgainFromWhereItWasStarted) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "work");
  const std::string common = "bind = [\"127.0.0.1:0\"]\nchdir = \"work\"\npid = \"indrik.pid\"\n[[app]]\nplugin = \"" +
                             built_test_plugin("mirror") + "\"\n";
  folder.write("indrik.toml", common);
  ServerProcess server{{"-c", "indrik.toml"}, {.folder = folder.path()}};
  EXPECT_EQ(told(server, "/folder"), std::filesystem::canonical(folder / "work"));
  EXPECT_TRUE(std::filesystem::exists(folder / "work/indrik.pid"));
  folder.write("indrik.toml", "workers = 2\n" + common);
  server.signal(SIGHUP);
  server.await_line("reload done: 2 new workers");
  EXPECT_EQ(told(server, "/folder"), std::filesystem::canonical(folder / "work"));
  server.await_workers(2);
  server.expect_clean_stop();
  EXPECT_FALSE(std::filesystem::exists(folder / "work/indrik.pid"));
}

TEST(FolderTest, FindsAPluginBesideTheFileAndOneInTheNewFolder) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "work");
  std::filesystem::copy_file(built_plugin("hello"), folder / "beside.so");
  std::filesystem::copy_file(built_plugin("health"), folder / "work/inside.so");
  folder.write("indrik.toml", "[[app]]\nplugin = \"beside.so\"\n[[app]]\nplugin = \"./inside.so\"\nmount = \"/in\"\n");
  ServerProcess server{{"-b", "127.0.0.1:0", "-c", "indrik.toml", "--chdir", "work"}, {.folder = folder.path()}};
  EXPECT_EQ(told(server, "/"), "Hello, world!");
  EXPECT_EQ(told(server, "/in/health"), "ok");
  server.expect_clean_stop();
}

TEST(FolderTest, RefusesAFolderThatIsNotThere) {
  const auto refused = run({"-b", "127.0.0.1:0", "--chdir", "/nowhere", built_plugin("hello")});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 2}));
  EXPECT_EQ(refused.error, "indrik: flag --chdir: chdir = \"/nowhere\": No such file or directory\n");
}

TEST(EnvironmentTest, GivesTheWorkersItsVariablesAndTakesThemAwayAtAReload) {
  const TemporaryFolder folder;
  const std::string common = "bind = [\"127.0.0.1:0\"]\n";
  const std::string app = "[[app]]\nplugin = \"" + built_test_plugin("mirror") + "\"\n";
  folder.write("indrik.toml", common + "env = [\"FIRST=1\", \"HOME=a=b, c\"]\n" + app);
  ServerProcess server{{"-c", "indrik.toml"}, {.folder = folder.path(), .environment = {"HOME=/given"}}};
  EXPECT_EQ(told(server, "/env/FIRST"), "1");
  EXPECT_EQ(told(server, "/env/HOME"), "a=b, c");
  folder.write("indrik.toml", common + "env = [\"SECOND=2\"]\n" + app);
  server.signal(SIGHUP);
  server.await_line("reload done");
  ASSERT_TRUE(await([&] { return server.worker_pids().size() == 1; }));
  EXPECT_EQ(told(server, "/env/FIRST"), "unset");
  EXPECT_EQ(told(server, "/env/SECOND"), "2");
  EXPECT_EQ(told(server, "/env/HOME"), "/given");
  server.expect_clean_stop();
}

TEST(EnvironmentTest, RefusesWhatIsNoAssignment) {
  const auto refused = run({"-b", "127.0.0.1:0", "-e", "A=1", "-e", "B", built_plugin("hello")});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 2}));
  EXPECT_THAT(refused.error, AllOf(HasSubstr("flag --env"), HasSubstr("\"B\""), HasSubstr("NAME=VALUE")));
}

TEST(UmaskTest, HoldsForWhatPluginsMake) {
  for (const auto& [umask, mode] : {std::pair{"022", 0644}, std::pair{"0077", 0600}, std::pair{"000", 0666}}) {
    ServerProcess server{{"-b", "127.0.0.1:0", "-m", umask, built_test_plugin("mirror")}};
    EXPECT_EQ(told(server, "/new-file"), std::to_string(mode)) << umask;
    server.expect_clean_stop();
  }
}

TEST(ChildSignalsTest, AreNotBlockedInAProcessThatAPluginForks) {
  ServerProcess server{{"-b", "127.0.0.1:0", built_test_plugin("mirror")}};
  EXPECT_EQ(told(server, "/blocked-in-child"), "0");
  server.expect_clean_stop();
}

TEST(TimeoutTest, OfLessThanASecondLeavesAnIdleWorkerAloneAndReplacesAStuckOne) {
  ServerProcess server{{"-b", "127.0.0.1:0", "--timeout", "800ms", built_test_plugin("misbehaving")}};
  server.await_line("workers are ready");
  const auto worker = server.await_workers(1).front();
  HttpClient client{server.address()};
  for (int beat = 0; beat < 3; ++beat) {  // idle for longer than the timeout
    EXPECT_FALSE(await([&] { return ::kill(worker, 0) != 0; }, milliseconds{500})) << server.error_text();
    EXPECT_EQ(client.get("/fine").body, "fine");
  }
  client.send(request_bytes("GET", "/spin"));
  server.await_line("was killed by SIGABRT");
  EXPECT_EQ(HttpClient{server.address()}.get("/fine").body, "fine");
  server.expect_clean_stop();
}

TEST(TimeoutTest, RefusesLessThanATenthOfASecond) {
  const auto refused = run({"-b", "127.0.0.1:0", "--timeout", "99ms", built_plugin("hello")});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 2}));
  EXPECT_THAT(refused.error, HasSubstr("from 100ms to 1h, or 0"));
  for (const auto* accepted : {"100ms", "0"})
    EXPECT_EQ(run({"--check-config", "--timeout", accepted, built_plugin("hello")}).status, (ExitStatus{.code = 0}));
}

TEST(DescriptorsTest, WarnsWhenTheLimitIsBelowWhatWorkerConnectionsNeed) {
  ServerProcess server{{"-b", "127.0.0.1:0", "--worker-connections", "1000000", built_plugin("hello")}};
  EXPECT_THAT(server.await_line("needs 1000065"), AllOf(HasSubstr("[warning]"), HasSubstr("worker_connections")));
  server.expect_clean_stop();
  ServerProcess modest{{"-b", "127.0.0.1:0", "--worker-connections", "10", built_plugin("hello")}};
  modest.await_line("workers are ready");
  EXPECT_EQ(modest.error_text().find("[warning]"), std::string::npos) << modest.error_text();
  modest.expect_clean_stop();
}

TEST(ReloadTest, NamesWhatWaitsForTheNextStart) {
  const TemporaryFolder folder;
  const std::string app = "[[app]]\nplugin = \"" + built_plugin("hello") + "\"\n";
  folder.write("indrik.toml", app);
  ServerProcess server{{"-c", "indrik.toml", "-b", "127.0.0.1:0"}, {.folder = folder.path()}};
  server.await_line("workers are ready");
  folder.write("indrik.toml", "umask = \"0077\"\nchdir = \"/\"\nthreads = 3\n" + app);
  server.signal(SIGHUP);
  EXPECT_THAT(server.await_line("next start only"), HasSubstr("only: chdir, umask"));
  server.await_line("reload done");
  server.expect_clean_stop();
}

TEST(UserTest, RefusesUnknownNamesWithTheirPlaceAndTheNearest) {
  const TemporaryFolder folder;
  folder.write("indrik.toml", "user = \"rooot\"\n");
  const auto refused =
      run({"-c", "indrik.toml", "-b", "127.0.0.1:0", "-g", "rooot", built_plugin("hello")}, {.folder = folder.path()});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 2}));
  EXPECT_THAT(
      refused.error,
      AllOf(HasSubstr("indrik: indrik.toml:1: user = \"rooot\": there is no user \"rooot\"; did you mean \"root\"?"),
            HasSubstr("indrik: flag --group: group = \"rooot\": there is no group")));
}

/// Workers of a number that no account has, in a folder that is theirs.
class DroppedTest : public testing::Test {
 protected:
  static constexpr uid_t kUser = 54321;
  static constexpr gid_t kGroup = 54322;

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    std::filesystem::copy_file(built_test_plugin("mirror"), folder_ / "mirror.so");
    std::filesystem::permissions(folder_.path(), std::filesystem::perms{0755});
  }

  std::vector<std::string> arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"-b", "127.0.0.1:0",          "-u",         std::to_string(kUser),
                                 "-g", std::to_string(kGroup), "./mirror.so"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  ServerProcess::Setup setup() const { return {.folder = folder_.path()}; }

  struct stat status_of(std::string_view name) const {
    struct stat status {};
    EXPECT_EQ(::lstat((folder_ / name).c_str(), &status), 0) << name;
    return status;
  }
  void expect_theirs(std::string_view name) const {
    EXPECT_EQ(status_of(name).st_uid, kUser) << name;
    EXPECT_EQ(status_of(name).st_gid, kGroup) << name;
  }

  TemporaryFolder folder_;
};

TEST_F(DroppedTest, LoadsAndServesAsTheUserAndCannotGoBack) {
  ServerProcess server{arguments(), setup()};
  EXPECT_EQ(told(server, "/account-at-load"), "54321:54322 ");
  EXPECT_EQ(told(server, "/account"), "54321:54322 ");
  EXPECT_EQ(told(server, "/ways-to-root"), "none");
  EXPECT_EQ(told(server, "/death-signal"), std::to_string(SIGKILL));
  server.expect_clean_stop();
}

TEST_F(DroppedTest, GivesTheUnixSocketToTheUser) {
  ServerProcess server{arguments({"-b", "unix:indrik.sock", "--unix-socket-mode", "0600"}), setup()};
  server.await_line("workers are ready");
  expect_theirs("indrik.sock");
  EXPECT_EQ(status_of("indrik.sock").st_mode & 0777, 0600U);
  EXPECT_EQ(HttpClient{"unix:" + (folder_ / "indrik.sock").native()}.get("/account").status, 200);
  server.expect_clean_stop();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "indrik.sock"));
}

TEST_F(DroppedTest, KeepsTheLogsUsableEvenAfterTheyWereMovedAway) {
  // A folder of root's: nobody else may make a file in it.
  ServerProcess server{arguments({"--error-logfile", "error.log", "--access-logfile", "access.log"}), setup()};
  const auto log = folder_ / "error.log";
  ASSERT_TRUE(await([&] { return contents_of(log).find("workers are ready") != std::string::npos; }))
      << server.error_text();
  expect_theirs("error.log");
  expect_theirs("access.log");
  const auto worker = server.await_workers(1).front();
  std::filesystem::rename(log, folder_ / "error.log.1");
  server.signal(SIGUSR1);
  ASSERT_TRUE(await([&] { return std::filesystem::exists(log); }));
  expect_theirs("error.log");
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0}));
  EXPECT_EQ(contents_of(log).find("[" + std::to_string(worker) + "] [error]"), std::string::npos) << contents_of(log);
}

TEST_F(DroppedTest, LeavesALogAloneThatSomebodyElseHasMade) {
  folder_.write("access.log", "");
  std::filesystem::permissions(folder_ / "access.log", std::filesystem::perms{0600});
  const auto refused = run(arguments({"--access-logfile", "access.log"}), setup());
  EXPECT_EQ(refused.status, (ExitStatus{.code = 2})) << refused.error;
  EXPECT_THAT(refused.error, AllOf(HasSubstr("access.log"), HasSubstr("Permission denied")));
  EXPECT_EQ(status_of("access.log").st_uid, 0U);
}

TEST_F(DroppedTest, RefusesAPluginThatTheUserMayNotRead) {
  std::filesystem::permissions(folder_ / "mirror.so", std::filesystem::perms{0600});
  const auto refused = run(arguments(), setup());
  EXPECT_EQ(refused.status, (ExitStatus{.code = 4}));
  EXPECT_THAT(refused.error, AllOf(HasSubstr("mirror.so"), HasSubstr("Permission denied")));
}

TEST_F(DroppedTest, WantsAGroupForANumberWithoutAnAccount) {
  const auto refused = run({"-b", "127.0.0.1:0", "-u", "54321", "./mirror.so"}, setup());
  EXPECT_EQ(refused.status, (ExitStatus{.code = 2}));
  EXPECT_THAT(refused.error, AllOf(HasSubstr("flag --user"), HasSubstr("group must be set")));
}

TEST_F(DroppedTest, RefusesWhoIsNotRoot) {
  const auto as_user = [&](const std::string& program) {
    return run(
        {"--reuid=54321", "--regid=54322", "--clear-groups", program, "-b", "127.0.0.1:0", "-u", "root", "./mirror.so"},
        {.folder = folder_.path(), .program = "/usr/bin/setpriv"});
  };
  const auto program = (folder_ / "indrik").native();
  std::filesystem::copy_file(std::filesystem::path{INDRIK_BUILD_DIR} / "indrik", program);
  const auto refused = as_user(program);
  EXPECT_EQ(refused.status, (ExitStatus{.code = 2})) << refused.error;
  EXPECT_EQ(refused.error,
            "indrik: flag --user: user = \"root\": only root can start workers of another user or group\n");
}

/// The daemon of a pid file: killed with this object, for it outlives its command and the test.
class Daemon {
 public:
  explicit Daemon(const std::filesystem::path& pid_file) : pid_{std::stoi(contents_of(pid_file))} {}
  ~Daemon() {
    if (pid_ > 0 && !gone()) ::kill(pid_, SIGKILL);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  pid_t pid() const noexcept { return pid_; }
  /// Nobody here reaps it; whoever does may leave it a zombie for a while.
  bool gone() const {
    std::ifstream status{"/proc/" + std::to_string(pid_) + "/stat"};
    std::string pid, name, state;
    return !(status >> pid >> name >> state) || state == "Z";
  }
  void stop() const {
    ::kill(pid_, SIGTERM);
    EXPECT_TRUE(await([&] { return gone(); }));
  }

 private:
  pid_t pid_;
};

class DaemonTest : public testing::Test {
 protected:
  Outcome start(std::vector<std::string> more) const {
    std::vector<std::string> all{"-D", "-b", "unix:indrik.sock", "-p", "indrik.pid", "--error-logfile", "error.log"};
    all.insert(all.end(), more.begin(), more.end());
    return run(std::move(all), {.folder = folder_.path()});
  }
  std::string get(std::string_view target) const {
    return HttpClient{"unix:" + (folder_ / "indrik.sock").native()}.get(target).body;
  }

  TemporaryFolder folder_;
};

TEST_F(DaemonTest, ServesWhenItsCommandReturns) {
  const auto started = start({"-w", "2", built_test_plugin("mirror")});
  ASSERT_EQ(started.status, (ExitStatus{.code = 0})) << started.error << contents_of(folder_ / "error.log");
  const Daemon daemon{folder_ / "indrik.pid"};
  EXPECT_EQ(started.error, "");
  EXPECT_THAT(contents_of(folder_ / "error.log"), HasSubstr("all 2 workers are ready"));
  EXPECT_EQ(get("/folder"), std::filesystem::canonical(folder_.path()));
  EXPECT_NE(::getsid(daemon.pid()), ::getsid(0));
  daemon.stop();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "indrik.pid"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "indrik.sock"));
}

TEST_F(DaemonTest, ReloadsAFileThatWasNamedWithoutItsFolder) {
  const std::string app = "[[app]]\nplugin = \"" + built_plugin("hello") + "\"\n";
  folder_.write("indrik.toml", app);
  ASSERT_EQ(start({"-c", "indrik.toml", "--chdir", folder_.path()}).status, (ExitStatus{.code = 0}));
  const Daemon daemon{folder_ / "indrik.pid"};
  folder_.write("indrik.toml", "workers = 2\n" + app);
  ::kill(daemon.pid(), SIGHUP);
  EXPECT_TRUE(await([&] { return contents_of(folder_ / "error.log").find("reload done: 2") != std::string::npos; }));
  EXPECT_EQ(get("/"), "Hello, world!");
  daemon.stop();
}

TEST_F(DaemonTest, ReturnsTheExitCodeOfAServerThatDoesNotStart) {
  folder_.write("indrik.sock", "no socket");
  const auto taken = start({built_plugin("hello")});
  EXPECT_EQ(taken.status, (ExitStatus{.code = 1}));
  EXPECT_THAT(taken.error, AllOf(HasSubstr("indrik: bind unix:indrik.sock"), HasSubstr("no socket")));
  std::filesystem::remove(folder_ / "indrik.sock");

  const auto unloaded = start({built_test_plugin("no_entry")});
  EXPECT_EQ(unloaded.status, (ExitStatus{.code = 4}));
  EXPECT_THAT(unloaded.error, HasSubstr("indrik: the server has not started: error.log says why\n"));
  EXPECT_THAT(contents_of(folder_ / "error.log"), HasSubstr("indrik_plugin_entry"));

  EXPECT_EQ(start({built_test_plugin("throwing_start")}).status, (ExitStatus{.code = 3}));
  EXPECT_EQ(start({"--workers", "many", built_plugin("hello")}).status, (ExitStatus{.code = 2}));
}

TEST_F(DaemonTest, WantsLogsThatSomebodyCanRead) {
  const auto refused = start({"--error-logfile", "-", "--access-logfile", "-", built_plugin("hello")});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 2}));
  EXPECT_THAT(refused.error, AllOf(HasSubstr("flag --daemon: daemon = true"), HasSubstr("set error_logfile to a file"),
                                   HasSubstr("set access_logfile to a file")));
}

TEST_F(DaemonTest, IsNotStartedToCheckTheConfiguration) {
  EXPECT_EQ(start({"--check-config", built_plugin("hello")}).status, (ExitStatus{.code = 0}));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "indrik.pid"));
}

}  // namespace
}  // namespace indrik::test
