// How the server starts, and how it refuses to: exit codes, what is said, and what the command line shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include <algorithm>

#include "integration/support/frozen_process.h"
#include "integration/support/http_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// How a run of the server ended that should end by itself.
struct Outcome {
  ExitStatus status;
  std::string output;
  std::string error;
};

Outcome run(std::vector<std::string> arguments, ServerProcess::Setup setup = {}) {
  ServerProcess server{std::move(arguments), std::move(setup)};
  const auto status = server.wait_exit();
  return {status, server.output_text(), server.error_text()};
}

/// SCM_RIGHTS with the socket itself.
void send_with_descriptor(int socket, std::string_view bytes) {
  iovec piece{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof socket)]{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof socket);
  std::memcpy(CMSG_DATA(header), &socket, sizeof socket);
  ASSERT_EQ(::sendmsg(socket, &message, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

std::ptrdiff_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

TEST(BootTest, ServesEveryAddressItIsBoundTo) {
  const TemporaryFolder folder;
  ServerProcess server{{"-b", "127.0.0.1:0", "-b", "unix:indrik.sock", built_plugin("hello")},
                       {.folder = folder.path()}};
  const auto addresses = server.addresses();
  ASSERT_EQ(addresses.size(), 2U);
  EXPECT_EQ(HttpClient{addresses[0]}.get("/").body, "Hello, world!");
  EXPECT_EQ(HttpClient{"unix:" + (folder / "indrik.sock").native()}.get("/").body, "Hello, world!");
  server.expect_clean_stop();
  EXPECT_FALSE(std::filesystem::exists(folder / "indrik.sock"));
}

/// A read on a unix socket ends at each descriptor that came with the bytes (unix(7)).
TEST(BootTest, ServesAUnixClientWhoseBytesCarryDescriptors) {
  const TemporaryFolder folder;
  ServerProcess server{{"-b", "unix:indrik.sock", "-w", "1", built_plugin("hello")}, {.folder = folder.path()}};
  ASSERT_EQ(server.addresses().size(), 1U);
  HttpClient client{"unix:" + (folder / "indrik.sock").native()};
  EXPECT_EQ(client.get("/").body, "Hello, world!");
  {
    const FrozenProcess worker{server.await_workers(1).front()};
    ASSERT_TRUE(worker.stands());
    for (std::string_view part : {"GET / HTTP/1.1\r\nHo", "st: a\r\n\r\nGET / HTTP/1.1\r\n", "Host: a\r\n\r\n"})
      send_with_descriptor(client.fd(), part);
  }
  EXPECT_EQ(client.receive().body, "Hello, world!");
  EXPECT_EQ(client.receive().body, "Hello, world!");
  server.expect_clean_stop();
}

TEST(BootTest, ServesWhatAFileSays) {
  const TemporaryFolder folder;
  folder.write("indrik.toml", R"(bind = ["127.0.0.1:0"]
workers = 2
[[app]]
plugin = ")" + built_plugin("health") +
                                  R"("
mount = "/deep"
[app.config]
delay_ms = 1
)");
  ServerProcess server{{"-c", "indrik.toml"}, {.folder = folder.path()}};
  EXPECT_EQ(HttpClient{server.address()}.get("/deep/health").body, "ok");
  server.await_workers(2);
  server.expect_clean_stop();
}

TEST(BootTest, LetsAFlagWinOverTheEnvironmentAndThatOverTheFile) {
  const TemporaryFolder folder;
  folder.write("indrik.toml", "workers = 2\nthreads = 3\nbacklog = 100\n");
  const auto printed = run({"-c", "indrik.toml", "--print-config", "-w", "5"},
                           {.folder = folder.path(), .environment = {"INDRIK_WORKERS=4", "INDRIK_THREADS=6"}});
  EXPECT_EQ(printed.status, (ExitStatus{.code = 0}));
  EXPECT_THAT(printed.output, HasSubstr("workers = 5"));
  EXPECT_THAT(printed.output, HasSubstr("threads = 6"));
  EXPECT_THAT(printed.output, HasSubstr("backlog = 100"));
  EXPECT_EQ(printed.error, "");
}

TEST(BootTest, PrintsItsConfigurationInAFormThatItReads) {
  const TemporaryFolder folder;
  const auto first = run({"--print-config", "-k", "green", "-w", "3"}, {.folder = folder.path()});
  const TemporaryFolder other;
  other.write("printed.toml", first.output);
  const auto second = run({"--print-config", "-c", "printed.toml"}, {.folder = other.path()});
  EXPECT_EQ(second.status, (ExitStatus{.code = 0})) << second.error;
  EXPECT_THAT(second.output, AllOf(HasSubstr("worker_class = \"green\""), HasSubstr("workers = 3")));
}

TEST(BootTest, ShowsHelpAndVersion) {
  const auto help = run({"--help"});
  EXPECT_EQ(help.status, (ExitStatus{.code = 0}));
  EXPECT_THAT(help.output,
              AllOf(HasSubstr("--worker-class"), HasSubstr("INDRIK_WORKERS"), HasSubstr("--check-config")));
  const auto version = run({"--version"});
  EXPECT_EQ(version.status, (ExitStatus{.code = 0}));
  EXPECT_THAT(version.output, StartsWith("indrik "));
}

TEST(BootTest, ListsTheHookedCallsInOrder) {
  const auto listed = run({"--list-hooks"});
  EXPECT_EQ(listed.status, (ExitStatus{.code = 0}));
  EXPECT_THAT(listed.output, AllOf(HasSubstr("__cxa_guard_abort\n"), HasSubstr("\nnanosleep\n"),
                                   HasSubstr("\npthread_mutex_lock\n"), HasSubstr("\nrecv\n")));
  std::istringstream lines{listed.output};
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

TEST(BootTest, FindsTheConfigurationGoodWithoutServing) {
  const auto checked = run({"--check-config", "-b", "127.0.0.1:0", built_plugin("hello")});
  EXPECT_EQ(checked.status, (ExitStatus{.code = 0})) << checked.error;
  EXPECT_EQ(checked.error, "");
}

TEST(BootTest, RefusesAnUnknownFlagAndNamesTheNearest) {
  const auto refused = run({"--wrokers", "2"});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 2}));
  EXPECT_THAT(refused.error, AllOf(HasSubstr("--wrokers"), HasSubstr("--workers")));
  EXPECT_EQ(refused.output, "");
}

TEST(BootTest, ReportsAllMistakesAtOnce) {
  const TemporaryFolder folder;
  folder.write("indrik.toml", "wokers = 2\nthreads = \"many\"\nbacklog = -1\n");
  for (const auto* mode : {"--check-config", "--print-config", "--workers=1"}) {
    const auto refused = run({"-c", "indrik.toml", mode}, {.folder = folder.path()});
    EXPECT_EQ(refused.status, (ExitStatus{.code = 2})) << mode;
    EXPECT_THAT(refused.error, AllOf(HasSubstr("indrik.toml:1"), HasSubstr("\"workers\""), HasSubstr("indrik.toml:2"),
                                     HasSubstr("indrik.toml:3")));
  }
}

TEST(BootTest, RefusesAFileThatIsNotThere) {
  const auto refused = run({"-c", "nowhere.toml"});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 2}));
  EXPECT_THAT(refused.error, HasSubstr("nowhere.toml"));
  EXPECT_EQ(lines(refused.error), 1);
}

TEST(BootTest, RefusesAnAddressThatIsTaken) {
  ServerProcess first{{"-b", "127.0.0.1:0", built_plugin("hello")}};
  const auto address = first.address();
  const auto refused = run({"-b", address, built_plugin("hello")});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 1}));
  EXPECT_THAT(refused.error, AllOf(HasSubstr(address), HasSubstr("Address already in use")));
  EXPECT_EQ(HttpClient{address}.get("/").status, 200);
  first.expect_clean_stop();
}

/// A plugin that cannot be loaded, and what is said of it besides its name.
struct BadPlugin {
  std::string name;
  std::string reason;
};

class BadPluginTest : public testing::TestWithParam<BadPlugin> {};

TEST_P(BadPluginTest, EndsTheServerWithFourAndOneSentence) {
  const auto refused = run({"-b", "127.0.0.1:0", "-w", "2", built_test_plugin(GetParam().name)});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 4}));
  EXPECT_THAT(refused.error, AllOf(HasSubstr(GetParam().name), HasSubstr(GetParam().reason)));
  EXPECT_EQ(lines(refused.error), 1) << refused.error;
}

INSTANTIATE_TEST_SUITE_P(Plugin, BadPluginTest,
                         testing::Values(BadPlugin{"nowhere", ""}, BadPlugin{"wrong_magic", ""},
                                         BadPlugin{"wrong_major", "9"}, BadPlugin{"no_entry", "indrik_plugin_entry"},
                                         BadPlugin{"undefined_symbol", ""},
                                         BadPlugin{"unknown_interface", "indrik.teleport/1"},
                                         BadPlugin{"throwing_setup", ""}),
                         [](const auto& test) {
                           std::string name;
                           for (const char c : test.param.name)
                             if (c != '_') name += c;
                           return name;
                         });

TEST(BootTest, EndsWithThreeWhenAWorkerEndsBeforeItIsReady) {
  const auto refused = run({"-b", "127.0.0.1:0", "-w", "2", built_test_plugin("exits_in_start")});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 3})) << refused.error;
  EXPECT_THAT(refused.error, HasSubstr("the server does not start"));
}

TEST(BootTest, EndsWithThreeWhenAWorkerHangsBeforeItIsReady) {
  const auto refused =
      run({"-b", "127.0.0.1:0", "-w", "1", "--boot-timeout", "1", built_test_plugin("hangs_in_start")});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 3})) << refused.error;
  EXPECT_THAT(refused.error, HasSubstr("the server does not start"));
}

TEST(BootTest, SaysWhyWhenAStartHookThrows) {
  const auto refused = run({"-b", "127.0.0.1:0", "-w", "2", built_test_plugin("throwing_start")});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 3})) << refused.error;
  EXPECT_THAT(refused.error, AllOf(HasSubstr("throwing_start"), HasSubstr("thrown by the start hook")));
}

TEST(BootTest, LeavesNoSocketBehindWhenAnotherAddressIsTaken) {
  const TemporaryFolder folder;
  ServerProcess first{{"-b", "127.0.0.1:0", built_plugin("hello")}};
  const auto taken = first.address();
  const auto refused = run({"-b", "unix:indrik.sock", "-b", taken, built_plugin("hello")}, {.folder = folder.path()});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 1}));
  EXPECT_THAT(refused.error, AllOf(HasSubstr(taken), HasSubstr("Address already in use")));
  EXPECT_FALSE(std::filesystem::exists(folder / "indrik.sock"));
  first.expect_clean_stop();
}

TEST(BootTest, WritesItsPidAndTakesTheFileAway) {
  const TemporaryFolder folder;
  ServerProcess server{{"-b", "127.0.0.1:0", "-p", "indrik.pid", built_plugin("hello")}, {.folder = folder.path()}};
  server.address();
  EXPECT_EQ(contents_of(folder / "indrik.pid"), std::to_string(server.pid()) + "\n");
  server.expect_clean_stop();
  EXPECT_FALSE(std::filesystem::exists(folder / "indrik.pid"));
}

}  // namespace
}  // namespace indrik::test
