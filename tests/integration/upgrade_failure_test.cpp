// USR2 when something goes wrong, or when more is asked for meanwhile: the old master serves on and says why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "base/strings.h"
#include "integration/support/deadline.h"
#include "integration/support/http_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class UpgradeFailureTest : public testing::Test {
 protected:
  UpgradeFailureTest() {
    std::filesystem::create_symlink(std::filesystem::path{INDRIK_BUILD_DIR} / "indrik", program_);
    configure(built_plugin("hello"));
  }
  /// At once and whole, since the new master reads it when it likes.
  void configure(const std::string& plugin, const std::string& app_config = "") const {
    const auto draft =
        folder_.write("server.toml.new", "bind = [\"127.0.0.1:0\"]\npid = \"indrik.pid\"\n[[app]]\nplugin = \"" +
                                             plugin + "\"\n" + app_config);
    std::filesystem::rename(draft, folder_ / "server.toml");
  }
  void configure_gate() const {
    configure(built_test_plugin("waits_in_start"), "[app.config]\ngate = \"" + gate_.native() + "\"\n");
  }
  ServerProcess::Setup setup() const { return {.folder = folder_.path(), .program = program_}; }
  void replace_program(const std::string& script,
                       std::filesystem::perms mode = std::filesystem::perms::owner_all) const {
    const auto draft = folder_.write("program.new", "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(draft, mode);
    std::filesystem::rename(draft, program_);
  }
  std::string pid_file() const { return contents_of(folder_ / "indrik.pid"); }
  bool has_second() const { return std::filesystem::exists(folder_ / "indrik.pid.2"); }
  /// The new master that has been begun last.
  static pid_t heir(const ServerProcess& server, std::size_t count = 1) {
    server.await_line("upgrade begun", count);
    const auto said = server.error_text();
    const auto place = said.rfind("new master (pid ", said.rfind("upgrade begun") + 400);
    const auto text = std::string_view{said}.substr(place + 16);
    return *parse_number<pid_t>(text.substr(0, text.find(')')));
  }
  /// The new master takes the name over when it has seen the old one end.
  void await_pid_file(const ServerProcess& server) const {
    const auto wanted = std::to_string(server.pid()) + "\n";
    EXPECT_TRUE(await([&] { return pid_file() == wanted; })) << pid_file();
  }
  /// The old one serves on as if nothing had been, whatever `why` was.
  void expect_unharmed(const ServerProcess& server, const std::vector<pid_t>& workers, const std::string& why) const {
    EXPECT_THAT(server.error_text(), HasSubstr(why));
    EXPECT_EQ(server.await_workers(1), workers);
    EXPECT_EQ(HttpClient{server.address()}.get("/").body, "Hello, world!");
    EXPECT_EQ(pid_file(), std::to_string(server.pid()) + "\n");
  }

  TemporaryFolder folder_;
  const std::filesystem::path program_ = folder_ / "indrik";
  const std::filesystem::path gate_ = folder_ / "gate";
};

TEST_F(UpgradeFailureTest, IsOutlivedWhateverTheNewProgramIs) {
  ServerProcess server{{"-c", "server.toml"}, setup()};
  server.await_line("workers are ready");
  const auto workers = server.worker_pids();
  const std::pair<std::function<void()>, std::string> cases[] = {
      {[&] { std::filesystem::remove(program_); }, "execute " + program_.native() + ": No such file or directory"},
      {[&] { replace_program("", std::filesystem::perms::owner_read); },
       "execute " + program_.native() + ": Permission denied"},
      {[&] { replace_program("kill -SEGV $$"); }, "has not become ready: it was killed by SIGSEGV"},
      {[&] { replace_program("exit 0"); }, "has not become ready: it exited with code 0"}};
  for (std::size_t count = 0; const auto& [prepare, why] : cases) {
    prepare();
    server.signal(SIGUSR2);
    server.await_line("upgrade failed", ++count);
    expect_unharmed(server, workers, why);
    EXPECT_FALSE(has_second());
  }
  server.expect_clean_stop();
}

TEST_F(UpgradeFailureTest, IsOutlivedWhenTheNewProgramNeverSaysAWord) {
  ServerProcess server{{"-c", "server.toml", "--boot-timeout", "100ms"}, setup()};
  server.await_line("workers are ready");
  const auto workers = server.worker_pids();
  replace_program("exec sleep 1000");
  server.signal(SIGUSR2);
  server.await_line("upgrade failed");
  expect_unharmed(server, workers, "has not become ready: not within 2.1 s; this one goes on");
  server.expect_clean_stop();
}

TEST_F(UpgradeFailureTest, IsOutlivedWhenTheNewMasterIsKilledAndItsPidFileHindersNobody) {
  ServerProcess server{{"-c", "server.toml"}, setup()};
  server.await_line("workers are ready");
  const auto workers = server.worker_pids();
  configure_gate();
  server.signal(SIGUSR2);
  server.await_line("listening at", 2);
  ASSERT_EQ(::kill(heir(server), SIGKILL), 0);
  server.await_line("upgrade failed");
  expect_unharmed(server, workers, "has not become ready: it was killed by SIGKILL");
  EXPECT_TRUE(has_second());  // nobody was left to remove it; its lock is gone
  configure(built_plugin("hello"));
  server.signal(SIGUSR2);
  server.follow_upgrade();
  await_pid_file(server);
  EXPECT_FALSE(has_second());
  server.expect_clean_stop();
}

TEST_F(UpgradeFailureTest, IsWhatTermToTheNewMasterMakesOfIt) {
  ServerProcess server{{"-c", "server.toml"}, setup()};
  server.await_line("workers are ready");
  const auto workers = server.worker_pids();
  configure_gate();
  server.signal(SIGUSR2);
  server.await_line("listening at", 2);
  ASSERT_EQ(::kill(heir(server), SIGTERM), 0);
  std::ofstream{gate_} << "open";  // its worker listens to signals when it is ready
  server.await_line("upgrade failed");
  expect_unharmed(server, workers, "has not become ready: indrik: told to stop before the workers were ready;");
  EXPECT_FALSE(has_second());
  server.expect_clean_stop();
}

TEST_F(UpgradeFailureTest, PutsOffAReloadOfTheOldMaster) {
  ServerProcess server{{"-c", "server.toml"}, setup()};
  server.await_line("workers are ready");
  configure_gate();
  server.signal(SIGUSR2);
  server.await_line("listening at", 2);
  server.signal(SIGHUP);
  server.await_line("signal HUP");
  ASSERT_EQ(::kill(heir(server), SIGKILL), 0);
  std::ofstream{gate_} << "open";
  server.await_line("reload done");
  const auto said = server.error_text();
  EXPECT_LT(said.find("upgrade failed"), said.find("reload begun"));
  EXPECT_EQ(HttpClient{server.address()}.get("/").body, "through");
  server.expect_clean_stop();
}

TEST_F(UpgradeFailureTest, IsNotMadeOfAReloadThatTheNewMasterIsAskedForWhileItStarts) {
  ServerProcess server{{"-c", "server.toml"}, setup()};
  server.await_line("workers are ready");
  configure_gate();
  server.signal(SIGUSR2);
  server.await_line("listening at", 2);
  ASSERT_EQ(::kill(heir(server), SIGHUP), 0);
  server.await_line("signal HUP");
  std::ofstream{gate_} << "open";
  server.follow_upgrade();
  server.await_line("reload done");
  EXPECT_EQ(HttpClient{server.address()}.get("/").body, "through");
  server.expect_clean_stop();
}

TEST_F(UpgradeFailureTest, EndsWithTheOldMasterThatIsToldToStop) {
  ServerProcess server{{"-c", "server.toml"}, setup()};
  server.await_line("workers are ready");
  configure_gate();
  server.signal(SIGUSR2);
  server.await_line("listening at", 2);
  server.signal(SIGTERM);
  std::ofstream{gate_} << "open";
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0})) << server.error_text();
  EXPECT_THAT(server.error_text(), Not(HasSubstr("upgrade done")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "indrik.pid"));
  EXPECT_FALSE(has_second());
}

TEST_F(UpgradeFailureTest, DoesNotNeedThePidFileOfTheOldMaster) {
  ServerProcess server{{"-c", "server.toml"}, setup()};
  server.await_line("workers are ready");
  folder_.write("indrik.pid", "4711471147114711\n");
  server.signal(SIGUSR2);
  server.follow_upgrade();
  await_pid_file(server);
  std::filesystem::remove(folder_ / "indrik.pid");
  server.signal(SIGUSR2);
  server.follow_upgrade(2);
  await_pid_file(server);
  server.expect_clean_stop();
}

TEST_F(UpgradeFailureTest, LeavesNoMoreVariablesTheSecondTime) {
  ServerProcess server{{"-c", "server.toml"}, setup()};
  server.await_line("workers are ready");
  for (std::size_t upgrade = 1; upgrade <= 2; ++upgrade) {
    server.signal(SIGUSR2);
    server.follow_upgrade(upgrade);
    const auto given = contents_of("/proc/" + std::to_string(server.pid()) + "/environ");
    std::size_t ours = 0;
    for (const auto variable : split(given, '\0')) ours += variable.starts_with("INDRIK_UPGRADE_") ? 1 : 0;
    EXPECT_EQ(ours, 4U);  // heir, report, list of listeners, and one listener
  }
  server.expect_clean_stop();
}

TEST_F(UpgradeFailureTest, IsOutlivedWhenTheFolderOfTheFirstStartHasGone) {
  std::filesystem::create_directory(folder_ / "home");
  folder_.write("run", "#!/bin/sh\ncd home && exec \"$@\"\n");
  std::filesystem::permissions(folder_ / "run", std::filesystem::perms::owner_all);
  ServerProcess server{
      {program_.native(), "-c", (folder_ / "server.toml").native(), "-p", (folder_ / "indrik.pid").native()},
      {.folder = folder_.path(), .program = folder_ / "run"}};
  server.await_line("workers are ready");
  const auto workers = server.worker_pids();
  std::filesystem::remove(folder_ / "home");
  server.signal(SIGUSR2);
  server.await_line("upgrade failed");
  expect_unharmed(server, workers,
                  "enter " + std::filesystem::canonical(folder_.path()).native() +
                      "/home: No such file or directory; this one goes on");
  server.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
