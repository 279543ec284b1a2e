// USR2: the change to a new binary, as an operator and the clients see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "base/strings.h"
#include "integration/support/http_client.h"
#include "integration/support/load_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class UpgradeTest : public testing::TestWithParam<std::string> {
 protected:
  std::filesystem::path file() const { return folder_ / "server.toml"; }

  /// Writes the configuration at once and whole, as an editor would.
  void configure(const std::string& more, const std::string& plugin = built_plugin("hello"),
                 const std::string& app_config = "") const {
    const auto draft = file().native() + ".new";
    std::ofstream{draft} << "worker_class = \"" + GetParam() + "\"\nworkers = 2\n" + more + "[[app]]\nplugin = \"" +
                                plugin + "\"\n" + app_config;
    std::filesystem::rename(draft, file());
  }
  ServerProcess::Setup setup() const { return {.folder = folder_.path()}; }
  std::string pid_in(const std::string& name) const { return std::string{trim_end(contents_of(folder_ / name))}; }

  TemporaryFolder folder_;

 private:
  static std::string_view trim_end(std::string_view text) { return text.substr(0, text.find('\n')); }
};

INSTANTIATE_TEST_SUITE_P(Worker, UpgradeTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

/// The lines about upgrades that have failed.
std::vector<std::string> sentences(const std::string& log) {
  std::vector<std::string> found;
  for (const auto line : split(log, '\n'))
    if (line.find("upgrade failed") != std::string_view::npos) found.emplace_back(line);
  return found;
}

const std::string kBind = "bind = [\"127.0.0.1:0\"]\n";

TEST_P(UpgradeTest, FailsNoRequestUnderLoad) {
  configure(kBind + "pid = \"indrik.pid\"\n");
  ServerProcess server{{"-c", "server.toml"}, setup()};
  server.await_line("workers are ready");
  LoadClient load{server.address(), {.connections = 50}};
  for (std::size_t upgrade = 1; upgrade <= 5; ++upgrade) {
    load.await_answered(upgrade * 500);
    server.signal(SIGUSR2);
    server.follow_upgrade(upgrade);
    EXPECT_EQ(pid_in("indrik.pid"), std::to_string(server.pid()));
  }
  load.await_answered(load.answered() + 500);
  const auto totals = load.stop();
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  EXPECT_EQ(totals.raced, 0U);
  server.expect_clean_stop();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "indrik.pid"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "indrik.pid.2"));
}

TEST_P(UpgradeTest, GoesOnWithoutAFailedRequestWhenTheNewOneFails) {
  configure(kBind + "pid = \"indrik.pid\"\nboot_timeout = \"2s\"\n");
  ServerProcess server{{"-c", "server.toml"}, setup()};
  server.await_line("workers are ready");
  const auto workers = server.worker_pids();
  LoadClient load{server.address(), {.connections = 50}};
  load.await_answered(500);
  auto fails = [&, count = std::size_t{0}](const std::string& why) mutable {
    server.signal(SIGUSR2);
    server.await_line("upgrade failed", ++count);
    server.await_workers(2);  // and no new master
    EXPECT_THAT(sentences(server.error_text()).back(), AllOf(HasSubstr(why), HasSubstr("this one goes on")));
    load.await_answered(load.answered() + 500);
  };
  configure("wokers = 3\n" + kBind);
  fails("unknown key \"wokers\"");
  configure(kBind, "/nowhere.so");
  fails("/nowhere.so");
  configure(kBind, built_test_plugin("throwing_start"));
  fails("throwing_start");
  configure(kBind + "boot_timeout = \"1s\"\n", built_test_plugin("hangs_in_start"));
  fails("before it was ready");
  configure("bind = [\"127.0.0.1:0\", \"unix:/nowhere/at/all\"]\n");
  fails("/nowhere/at/all");
  const auto totals = load.stop();
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  EXPECT_EQ(totals.raced, 0U);
  EXPECT_EQ(server.worker_pids(), workers);
  EXPECT_EQ(pid_in("indrik.pid"), std::to_string(server.pid()));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "indrik.pid.2"));
  server.expect_clean_stop();
}

TEST_P(UpgradeTest, KeepsAUnixSocketAndTakesItsFileAlong) {
  configure("bind = [\"unix:indrik.sock\"]\n");
  ServerProcess server{{"-c", "server.toml"}, setup()};
  server.await_line("workers are ready");
  const auto socket = "unix:" + (folder_ / "indrik.sock").native();
  const auto changed = [](const std::filesystem::path& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
  };
  const auto before = changed(folder_ / "indrik.sock");
  ASSERT_NE(before, 0U);
  server.signal(SIGUSR2);
  server.follow_upgrade();
  EXPECT_EQ(changed(folder_ / "indrik.sock"), before);
  EXPECT_EQ(HttpClient{socket}.get("/").status, 200);
  server.expect_clean_stop();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "indrik.sock"));
}

TEST_P(UpgradeTest, LetsARequestInFlightFinishOnTheOldMaster) {
  configure(kBind, built_plugin("health"), "[app.config]\ndelay_ms = 1000\n");
  ServerProcess server{{"-c", "server.toml"}, setup()};
  server.await_line("workers are ready");
  HttpClient client{server.address()};
  client.send(request_bytes("GET", "/health"));
  server.signal(SIGUSR2);
  server.await_line("upgrade done");
  EXPECT_EQ(client.receive().status, 200);
  server.follow_upgrade();
  server.expect_clean_stop();
}

TEST(UpgradeRefusalTest, RefusesASecondUpgradeAndCountsOnTheFirst) {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& plugin) {
    folder.write("server.toml", kBind + "boot_timeout = \"2s\"\n[[app]]\nplugin = \"" + plugin + "\"\n");
  };
  write(built_plugin("hello"));
  ServerProcess server{{"-c", "server.toml"}, {.folder = folder.path()}};
  server.await_line("workers are ready");
  write(built_test_plugin("hangs_in_start"));
  server.signal(SIGUSR2);
  server.await_line("upgrade begun");
  server.signal(SIGUSR2);
  server.await_line("upgrade refused: another is under way");
  server.await_line("upgrade failed");
  server.await_workers(1);
  write(built_plugin("hello"));
  server.signal(SIGUSR2);
  server.follow_upgrade();
  EXPECT_EQ(HttpClient{server.address()}.get("/").status, 200);
  server.expect_clean_stop();
}

TEST(UpgradeRefusalTest, StopsTheNewMasterWithTheOldOne) {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& plugin) {
    folder.write("server.toml", kBind + "[[app]]\nplugin = \"" + plugin + "\"\n");
  };
  write(built_plugin("hello"));
  ServerProcess server{{"-c", "server.toml"}, {.folder = folder.path()}};
  server.await_line("workers are ready");
  write(built_test_plugin("hangs_in_start"));
  server.signal(SIGUSR2);
  server.await_line("listening at", 2);
  server.signal(SIGINT);
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0})) << server.error_text();
}

TEST(UpgradedProgramTest, IsTheFileThatStandsWhereTheOldOneStood) {
  const TemporaryFolder folder;
  const auto program = folder / "indrik";
  std::filesystem::create_symlink(std::filesystem::path{INDRIK_BUILD_DIR} / "indrik", program);
  ServerProcess server{{"-b", "127.0.0.1:0", built_plugin("hello")}, {.folder = folder.path(), .program = program}};
  server.await_line("workers are ready");
  folder.write("other", "#!/bin/sh\necho not a server >&2\nexit 7\n");
  std::filesystem::permissions(folder / "other", std::filesystem::perms::owner_all);
  std::filesystem::rename(folder / "other", program);
  server.signal(SIGUSR2);
  EXPECT_THAT(server.await_line("upgrade failed"), HasSubstr("it exited with code 7"));
  server.await_line("not a server");
  std::filesystem::remove(program);
  server.signal(SIGUSR2);
  server.await_line("upgrade failed", 2);
  server.await_line("execute " + program.native() + ": No such file or directory");
  std::filesystem::create_symlink(std::filesystem::path{INDRIK_BUILD_DIR} / "indrik", program);
  server.signal(SIGUSR2);
  server.follow_upgrade();
  EXPECT_EQ(HttpClient{server.address()}.get("/").status, 200);
  server.expect_clean_stop();
}

TEST(UpgradedProgramTest, HasTheFolderAndTheEnvironmentOfTheFirstStart) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "work");
  const auto write = [&](const std::string& variable) {
    folder.write("server.toml", kBind + "chdir = \"work\"\nenv = [\"" + variable +
                                    "=of the file\"]\n[[app]]\nplugin = \"" + built_test_plugin("mirror") + "\"\n");
  };
  write("FIRST");
  ServerProcess server{{"-c", "server.toml"}, {.folder = folder.path(), .environment = {"FIRST=given"}}};
  const auto told = [&](std::string_view target) { return HttpClient{server.address()}.get(target).body; };
  server.await_line("workers are ready");
  EXPECT_EQ(told("/env/FIRST"), "of the file");
  write("SECOND");
  server.signal(SIGUSR2);
  server.follow_upgrade();
  EXPECT_EQ(told("/env/FIRST"), "given");
  EXPECT_EQ(told("/env/SECOND"), "of the file");
  EXPECT_EQ(told("/env/INDRIK_UPGRADE_HEIR"), "unset");
  EXPECT_EQ(told("/folder"), std::filesystem::canonical(folder / "work"));
  server.expect_clean_stop();
}

TEST(TitleTest, NamesMasterAndWorkers) {
  ServerProcess server{{"-b", "127.0.0.1:0", "-w", "2", "-n", "shop", built_plugin("hello")}};
  server.await_line("workers are ready");
  const auto title = [](pid_t pid) {
    const auto text = contents_of("/proc/" + std::to_string(pid) + "/cmdline");
    return text.substr(0, text.find('\0'));
  };
  EXPECT_EQ(title(server.pid()), "indrik: master [shop]");
  const auto workers = server.await_workers(2);
  EXPECT_EQ(title(workers[0]), "indrik: worker 0 [shop]");
  EXPECT_EQ(title(workers[1]), "indrik: worker 1 [shop]");
  server.expect_clean_stop();
}

TEST(ReusePortTest, OpensASocketForEachWorkerAndKeepsThemOverAnUpgrade) {
  ServerProcess server{{"-b", "127.0.0.1:0", "-w", "3", "--reuse-port", built_plugin("hello")}};
  server.await_line("workers are ready");
  const auto address = server.address();
  EXPECT_EQ(server.addresses().size(), 1U);
  const auto sockets = [&](pid_t pid) {
    std::size_t listening = 0;
    const auto port = fmt::format(":{:04X} ", *parse_number<int>(address.substr(address.rfind(':') + 1)));
    std::istringstream table{contents_of("/proc/" + std::to_string(pid) + "/net/tcp")};
    for (std::string line; std::getline(table, line);)
      listening += line.find(port + "00000000:0000 0A") != std::string::npos ? 1 : 0;
    return listening;
  };
  EXPECT_EQ(sockets(server.pid()), 3U);
  LoadClient load{address, {.connections = 30}};
  load.await_answered(500);
  server.signal(SIGUSR2);
  server.follow_upgrade();
  load.await_answered(load.answered() + 500);
  // Fewer workers than sockets: still no socket without somebody who serves it.
  for (std::size_t workers = 2; workers >= 1; --workers) {
    server.signal(SIGTTOU);
    server.await_workers(workers);
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(HttpClient{address}.get("/").status, 200);
  const auto totals = load.stop();
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  EXPECT_EQ(sockets(server.pid()), 3U);
  server.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
