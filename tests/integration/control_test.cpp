// The control socket and indrikctl, as an administrator and his service manager use them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "integration/support/command.h"
#include "integration/support/http_client.h"
#include "integration/support/load_client.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ControlTest : public testing::Test {
 protected:
  static inline const std::string kSettings = "workers = 2\ncontrol_socket = \"control.sock\"\n";

  std::string socket() const { return (site_.folder() / "control.sock").native(); }
  CommandResult ctl(const std::string& arguments) const {
    return run_command(fmt::format("{}/indrikctl -s {} {}", INDRIK_BUILD_DIR, socket(), arguments));
  }
  ServerProcess served(const std::string& more = {}) const {
    site_.write(kSettings + more);
    return ServerProcess{{"-c", "indrik.toml"}, site_.setup()};
  }
  Fd knock() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket().c_str(), sizeof address.sun_path - 1);
    Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  ino_t inode() const {
    struct stat info {};
    return ::stat(socket().c_str(), &info) == 0 ? info.st_ino : 0;
  }

  Site site_{"event"};
};

TEST_F(ControlTest, StandsForItsOwnerAloneAndGoesWithTheServer) {
  auto server = served();
  server.await_line("workers are ready");
  struct stat info {};
  ASSERT_EQ(::stat(socket().c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(info.st_uid, ::geteuid());
  server.expect_clean_stop();
  EXPECT_FALSE(std::filesystem::exists(socket()));
}

TEST_F(ControlTest, IsNotThereUnlessItIsAskedFor) {
  site_.write("workers = 1\n");
  ServerProcess server{{"-c", "indrik.toml"}, site_.setup()};
  server.await_line("workers are ready");
  EXPECT_FALSE(std::filesystem::exists(socket()));
  const auto said = ctl("status");
  EXPECT_EQ(said.code, 3);
  EXPECT_THAT(said.output, HasSubstr("control.sock: No such file"));
  server.expect_clean_stop();
}

TEST_F(ControlTest, SaysHowTheServerFares) {
  auto server = served();
  server.await_line("workers are ready");
  EXPECT_EQ(site_.status(), 200);
  const auto workers = server.await_workers(2);
  const auto said = ctl("status");
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.output, AllOf(HasSubstr(fmt::format("pid {}: serving", server.pid())), HasSubstr("generation 1"),
                                 HasSubstr("unix:indrik.sock"), HasSubstr("2 of 2 ready, 0 restarted; 1 requests"),
                                 HasSubstr(std::to_string(workers.at(0))), HasSubstr(std::to_string(workers.at(1))),
                                 HasSubstr("ready  event")));
  const auto json = ctl("status --json");
  EXPECT_EQ(json.code, 0);
  EXPECT_THAT(json.output, AllOf(HasSubstr("\"status\":\"ok\""), HasSubstr("\"worker_class\":\"event\"")));
  server.expect_clean_stop();
}

TEST_F(ControlTest, CountsWorkersThatEndUnasked) {
  auto server = served();
  server.await_line("workers are ready");
  ::kill(server.await_workers(2).front(), SIGKILL);
  server.await_line("was killed by SIGKILL");
  EXPECT_THAT(ctl("status").output, HasSubstr("1 restarted"));
  server.expect_clean_stop();
}

TEST_F(ControlTest, ReloadsAndReturnsWhenThatIsDone) {
  auto server = served();
  server.await_line("workers are ready");
  const auto before = server.await_workers(2);
  const auto said = ctl("reload");
  EXPECT_EQ(said.code, 0) << said.output;
  EXPECT_THAT(said.output, HasSubstr("reload done: 2 new workers are ready"));
  EXPECT_THAT(server.error_text(), HasSubstr("reload done"));
  EXPECT_THAT(ctl("status").output, AllOf(HasSubstr("generation 2"), HasSubstr("last reload   ok")));
  EXPECT_THAT(ctl("reload --json").output, HasSubstr("\"generation\":3"));
  server.expect_clean_stop();
}

TEST_F(ControlTest, FailsAReloadInTheWordsOfTheLog) {
  auto server = served();
  server.await_line("workers are ready");
  const auto workers = server.await_workers(2);
  site_.write(kSettings + "wokers = 3\n");
  const auto wrong = ctl("reload");
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.output,
              HasSubstr("reload failed: read the configuration: indrik.toml:5: unknown key \"wokers\"; did you mean "
                        "\"workers\"?; nothing has changed"));
  site_.write(kSettings, built_test_plugin("throwing_start"));
  const auto bad_plugin = ctl("reload");
  EXPECT_EQ(bad_plugin.code, 1);
  EXPECT_THAT(bad_plugin.output, AllOf(HasSubstr("throwing_start"), HasSubstr("the workers of before stay")));
  const auto sentence = bad_plugin.output.substr(bad_plugin.output.find("reload failed"));
  EXPECT_THAT(server.error_text(), HasSubstr(sentence.substr(0, sentence.find('\n'))));
  EXPECT_THAT(ctl("status").output, AllOf(HasSubstr("generation 1"), HasSubstr("last reload   failed")));
  EXPECT_EQ(server.await_workers(2), workers);
  server.expect_clean_stop();
}

TEST_F(ControlTest, AnswersWhoAsksDuringAReloadAfterTheNextOne) {
  auto server = served();
  server.await_line("workers are ready");
  CommandResult first;
  std::thread asking{[&] { first = ctl("reload --json"); }};
  server.await_line("reload begun");
  const auto second = ctl("reload --json");
  asking.join();
  EXPECT_THAT(first.output, HasSubstr("\"generation\":2"));
  EXPECT_THAT(second.output, HasSubstr("\"generation\":3"));
  server.expect_clean_stop();
}

TEST_F(ControlTest, StopsGracefullyAndReturnsWhenAllIsOver) {
  site_.write(kSettings + "pid = \"indrik.pid\"\n", built_plugin("health"), "delay_ms = 700");
  ServerProcess server{{"-c", "indrik.toml"}, site_.setup()};
  server.await_line("workers are ready");
  HttpClient client{site_.address()};
  client.send(request_bytes("GET", "/health"));
  ASSERT_TRUE(await([&] { return ctl("status --json").output.find("\"in_flight\":1") != std::string::npos; }));
  CommandResult said;
  std::thread asking{[&] { said = ctl("stop"); }};
  EXPECT_EQ(client.receive().status, 200);
  asking.join();
  EXPECT_EQ(said.code, 0) << said.output;
  EXPECT_THAT(said.output, HasSubstr("stopped"));
  EXPECT_FALSE(std::filesystem::exists(site_.folder() / "indrik.pid"));
  EXPECT_FALSE(std::filesystem::exists(socket()));
  EXPECT_EQ(server.wait_exit(), (ExitStatus{}));
}

TEST_F(ControlTest, StopsAtOnceIfThatIsAskedFor) {
  site_.write(kSettings, built_plugin("health"), "delay_ms = 20000");
  ServerProcess server{{"-c", "indrik.toml"}, site_.setup()};
  server.await_line("workers are ready");
  HttpClient client{site_.address()};
  client.send(request_bytes("GET", "/health"));
  ASSERT_TRUE(await([&] { return ctl("status --json").output.find("\"in_flight\":1") != std::string::npos; }));
  const auto slow = ctl("stop --timeout 100ms");
  EXPECT_EQ(slow.code, 3);
  EXPECT_THAT(slow.output, HasSubstr("not answered in time"));
  EXPECT_THAT(ctl("status").output, HasSubstr("stopping"));
  EXPECT_EQ(ctl("reload").code, 1);
  EXPECT_EQ(ctl("stop --now").code, 0);
  EXPECT_EQ(server.wait_exit(), (ExitStatus{}));
}

TEST_F(ControlTest, KeepsItsSocketAcrossReloadAndUpgrade) {
  auto server = served();
  server.await_line("workers are ready");
  const auto before = inode();
  ASSERT_NE(before, 0U);
  EXPECT_EQ(ctl("reload").code, 0);
  const auto first = server.pid();
  server.signal(SIGUSR2);
  server.follow_upgrade();
  EXPECT_EQ(inode(), before);
  EXPECT_THAT(ctl("status").output,
              AllOf(HasSubstr(fmt::format("pid {}: serving", server.pid())), Not(HasSubstr(std::to_string(first)))));
  EXPECT_EQ(ctl("reload").code, 0);
  server.expect_clean_stop();
  EXPECT_FALSE(std::filesystem::exists(socket()));
}

TEST_F(ControlTest, IsAnsweredAtEveryMomentOfAnUpgrade) {
  auto server = served();
  server.await_line("workers are ready");
  server.signal(SIGUSR2);
  std::thread asking{[&] {
    for (int i = 0; i < 30; ++i) EXPECT_EQ(ctl("status").code, 0);
  }};
  server.follow_upgrade();
  asking.join();
  server.expect_clean_stop();
}

TEST_F(ControlTest, MovesAtAnUpgradeAndNotAtAReload) {
  auto server = served();
  server.await_line("workers are ready");
  site_.write("workers = 2\ncontrol_socket = \"other.sock\"\n");
  EXPECT_EQ(ctl("reload").code, 0);
  EXPECT_THAT(server.error_text(), HasSubstr("changed at the next start only: control_socket"));
  server.signal(SIGUSR2);
  server.follow_upgrade();
  EXPECT_FALSE(std::filesystem::exists(socket()));
  EXPECT_TRUE(std::filesystem::exists(site_.folder() / "other.sock"));
  server.expect_clean_stop();
  EXPECT_FALSE(std::filesystem::exists(site_.folder() / "other.sock"));
}

TEST_F(ControlTest, StaysWithTheOldMasterWhereAnUpgradeFails) {
  auto server = served();
  server.await_line("workers are ready");
  const auto before = inode();
  site_.write(kSettings, built_test_plugin("throwing_start"));
  server.signal(SIGUSR2);
  server.await_line("upgrade failed");
  server.await_workers(2);
  EXPECT_EQ(inode(), before);
  EXPECT_THAT(ctl("status").output, HasSubstr(fmt::format("pid {}: serving", server.pid())));
  server.expect_clean_stop();
}

TEST_F(ControlTest, TakesADeadSocketOverAndRefusesALiveOne) {
  auto first = served();
  first.await_line("workers are ready");
  site_.write(kSettings, built_plugin("hello"), {}, "\"unix:second.sock\"");
  ServerProcess second{{"-c", "indrik.toml"}, site_.setup()};
  EXPECT_EQ(second.wait_exit().code, 1);
  EXPECT_THAT(second.error_text(), HasSubstr("control_socket: bind unix:control.sock: Address already in use"));
  EXPECT_EQ(ctl("status").code, 0);
  first.signal(SIGKILL);
  (void)first.wait_exit();
  EXPECT_TRUE(std::filesystem::exists(socket()));
  EXPECT_EQ(ctl("status").code, 3);
  ServerProcess third{{"-c", "indrik.toml"}, site_.setup()};
  third.await_line("workers are ready");
  EXPECT_EQ(ctl("status").code, 0);
  third.expect_clean_stop();
}

TEST_F(ControlTest, IsFoundByTheConfiguration) {
  auto server = served();
  server.await_line("workers are ready");
  const auto said = run_command(
      fmt::format("cd {} && {}/indrikctl -c indrik.toml status", site_.folder().path().native(), INDRIK_BUILD_DIR));
  EXPECT_EQ(said.code, 0) << said.output;
  server.expect_clean_stop();
}

/// What somebody with the right to ask may do wrong, or ill, takes nothing from the workers.
class HostileControlTest : public ControlTest {
 protected:
  /// Kills a worker and waits for its successor: what the master is there for.
  static void expect_supervision(ServerProcess& server, std::size_t times) {
    const auto begun = Clock::now();
    ::kill(server.await_workers(2).front(), SIGKILL);
    server.await_line("was killed by SIGKILL", times);
    server.await_workers(2);
    EXPECT_LT(Clock::now() - begun, seconds{4}) << "less than what the master grants a silent client";
  }
};

TEST_F(HostileControlTest, HalfLinesAndSilenceDelayNothing) {
  auto server = served();
  server.await_line("workers are ready");
  std::vector<Fd> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(knock());
    if (i % 2 == 0) (void)!::send(clients.back().get(), "rel", 3, MSG_NOSIGNAL);
  }
  EXPECT_EQ(ctl("status").code, 0);
  expect_supervision(server, 1);
  EXPECT_EQ(ctl("status --timeout 4s").code, 0);
  server.expect_clean_stop();
}

TEST_F(HostileControlTest, AThousandConnectsDelayNothing) {
  auto server = served();
  server.await_line("workers are ready");
  std::vector<Fd> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(knock());
    if (i == 500) expect_supervision(server, 1);
  }
  EXPECT_EQ(ctl("status --timeout 4s").code, 0);
  EXPECT_LT(server.open_descriptors(), 200U);
  server.expect_clean_stop();
}

TEST_F(HostileControlTest, AFloodDelaysNothing) {
  auto server = served();
  server.await_line("workers are ready");
  const std::string noise(64 * 1024, 'x');
  for (int i = 0; i < 50; ++i) {
    const auto client = knock();
    while (::send(client.get(), noise.data(), noise.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) continue;
  }
  std::vector<Fd> deaf;
  for (int i = 0; i < 100; ++i) {
    deaf.push_back(knock());
    (void)!::send(deaf.back().get(), "status\nstatus\nstatus\n", 21, MSG_NOSIGNAL);
  }
  expect_supervision(server, 1);
  EXPECT_EQ(ctl("status --timeout 4s").code, 0);
  EXPECT_EQ(ctl("reload").code, 0);
  server.expect_clean_stop();
}

TEST_F(HostileControlTest, WhoWaitsForAReloadAndLeavesTakesNothingAlong) {
  auto server = served();
  server.await_line("workers are ready");
  {
    const auto client = knock();
    (void)!::send(client.get(), "reload\n", 7, MSG_NOSIGNAL);
    server.await_line("reload begun");
  }
  server.await_line("reload done");
  EXPECT_EQ(ctl("status").code, 0);
  server.expect_clean_stop();
}

TEST(IndrikctlTest, TellsWrongUsageByItsExitCode) {
  const std::string program = INDRIK_BUILD_DIR "/indrikctl ";
  for (const auto* arguments : {"", "start", "status reload", "status --now", "-s", "-s a -i b status",
                                "-i ../x status", "-i '' status", "status --timeout soon", "-c /nowhere.toml status"}) {
    const auto said = run_command(program + arguments);
    EXPECT_EQ(said.code, 2) << arguments << ": " << said.output;
    EXPECT_THAT(said.output, testing::StartsWith("indrikctl: ")) << arguments;
  }
}

TEST(IndrikctlTest, SaysWhatItCanDo) {
  const std::string program = INDRIK_BUILD_DIR "/indrikctl ";
  const auto help = run_command(program + "--help");
  EXPECT_EQ(help.code, 0);
  for (const auto* word : {"reload", "status", "stop", "--socket", "--config", "--instance", "--json", "--timeout",
                           "Exit codes", "/run/indrik/control.sock"})
    EXPECT_THAT(help.output, HasSubstr(word));
  EXPECT_THAT(run_command(program + "stop --help").output, HasSubstr("--now"));
  EXPECT_THAT(run_command(program + "--version").output, testing::StartsWith("indrikctl "));
}

TEST(IndrikctlTest, LooksWhereTheInstanceIs) {
  const auto said = run_command(std::string{INDRIK_BUILD_DIR} + "/indrikctl -i nobody-has-this status");
  EXPECT_EQ(said.code, 3);
  EXPECT_THAT(said.output, HasSubstr("/run/indrik-nobody-has-this/control.sock"));
}

}  // namespace
}  // namespace indrik::test
