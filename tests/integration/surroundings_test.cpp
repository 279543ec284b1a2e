// What the server was started with besides its configuration: standard descriptors, limits, places for its logs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include "integration/support/http_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// A server that a shell starts, after it has done `first` and with its `redirections`.
struct Shell {
  std::string first, redirections;
};

class SurroundingsTest : public testing::Test {
 protected:
  /// It runs in the test's folder.
  ServerProcess start(std::vector<std::string> arguments, const Shell& shell = {}) const {
    arguments.insert(arguments.begin(), {"-c", shell.first + " exec \"$0\" \"$@\" " + shell.redirections,
                                         std::string{INDRIK_BUILD_DIR} + "/indrik"});
    return ServerProcess{std::move(arguments), {.folder = folder_.path(), .program = "/bin/sh"}};
  }
  std::string socket() const { return "unix:" + (folder_ / "indrik.sock").native(); }
  /// The server refuses to start, in one sentence.
  static void expect_refused(ServerProcess& server, const std::string& sentence) {
    EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 2}));
    const auto said = server.error_text();
    EXPECT_THAT(said, HasSubstr(sentence));
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
    EXPECT_EQ(server.output_text(), "");
  }

  const TemporaryFolder folder_;
};

class FullDiskTest : public SurroundingsTest, public testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(Flag, FullDiskTest, testing::Values("--help", "--version", "--print-config", "--check-config"),
                         [](const auto& given) {
                           std::string name;
                           for (const char c : given.param)
                             if (c != '-') name += c;
                           return name;
                         });

TEST_P(FullDiskTest, IsAFailureOfWhoWasToPrint) {
  auto server = start({GetParam(), built_plugin("hello")}, {.first = "", .redirections = "> /dev/full"});
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 1}));
  EXPECT_EQ(server.error_text(), "indrik: write to stdout: No space left on device\n");
}

TEST_F(SurroundingsTest, MayLackAStderrToComplainOn) {
  auto server = start({"--wrokers", "2"}, {.first = "", .redirections = "2>&-"});
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 2}));
  EXPECT_EQ(server.output_text(), "");
}

TEST_F(SurroundingsTest, MayLackAllStandardDescriptors) {
  auto server = start({"-b", "unix:indrik.sock", "-w", "2", "--error-logfile", "error.log", "--access-logfile", "-",
                       built_plugin("hello")},
                      {.first = "", .redirections = "<&- >&- 2>&-"});
  EXPECT_TRUE(await([&] { return contents_of(folder_ / "error.log").find("workers are ready") != std::string::npos; }));
  const auto descriptors = "/proc/" + std::to_string(server.pid()) + "/fd/";
  for (const auto* number : {"0", "1", "2"})  // no log and no socket: what is meant for a terminal would go into it
    EXPECT_EQ(std::filesystem::read_symlink(descriptors + number), "/dev/null") << number;
  for (int request = 0; request < 3; ++request) EXPECT_EQ(HttpClient{socket()}.get("/").body, "Hello, world!");
  server.expect_clean_stop();
}

TEST_F(SurroundingsTest, MayLimitDescriptorsSoftlyWhichIsRaisedToTheHardLimit) {
  auto server = start({"-b", "unix:indrik.sock", built_plugin("hello")},
                      {.first = "ulimit -Sn 128; ulimit -Hn 3000;", .redirections = ""});
  server.await_line("workers are ready");
  for (const auto pid : {server.pid(), server.await_workers(1).front()}) {
    std::istringstream limits{contents_of("/proc/" + std::to_string(pid) + "/limits")};
    std::string line;
    while (std::getline(limits, line) && !line.starts_with("Max open files")) continue;
    std::istringstream numbers{line.substr(sizeof "Max open files")};
    int soft = 0;
    int hard = 0;
    EXPECT_TRUE(numbers >> soft >> hard) << line;
    EXPECT_EQ(soft, 3000);
    EXPECT_EQ(hard, 3000);
  }
  server.expect_clean_stop();
}

TEST_F(SurroundingsTest, MustHaveAPlaceForTheAccessLog) {
  auto server = start({"-b", "127.0.0.1:0", "--access-logfile", "nowhere/access.log", built_plugin("hello")});
  expect_refused(server, "open the access log nowhere/access.log: No such file or directory\n");
}

TEST_F(SurroundingsTest, MustHaveAPlaceForTheAccessLogWhenOnlyChecked) {
  auto server = start({"--check-config", "--access-logfile", "nowhere/access.log", built_plugin("hello")});
  expect_refused(server, "open the access log nowhere/access.log: No such file or directory\n");
}

TEST_F(SurroundingsTest, MustHaveAReaderWhereTheErrorLogIsAFifo) {
  ASSERT_EQ(::mkfifo((folder_ / "error.fifo").c_str(), 0600), 0);
  auto server = start({"-b", "127.0.0.1:0", "--error-logfile", "error.fifo", built_plugin("hello")});
  expect_refused(server, "indrik: open the error log error.fifo: No such device or address\n");
}

TEST_F(SurroundingsTest, MayLoseThePlaceOfTheAccessLogWithoutHarmToTheService) {
  std::filesystem::create_directory(folder_ / "logs");
  auto server = start({"-b", "unix:indrik.sock", "--access-logfile", "logs/access.log", built_plugin("hello")});
  server.await_line("workers are ready");
  std::filesystem::remove_all(folder_ / "logs");
  ASSERT_EQ(::kill(server.await_workers(1).front(), SIGKILL), 0);
  EXPECT_THAT(server.await_line("serving without an access log"),
              AllOf(HasSubstr("[error]"), HasSubstr("logs/access.log: No such file or directory")));
  EXPECT_EQ(HttpClient{socket()}.get("/").body, "Hello, world!");
  server.expect_clean_stop();
}

TEST_F(SurroundingsTest, MayAllowTheAccessLogNoMoreThanItHas) {
  constexpr std::uintmax_t kMost = 32 * 1024;
  // ulimit counts in blocks of 512 bytes; the limit is for each file, and the error log stays far below.
  auto server = start({"-b", "unix:indrik.sock", "--access-logfile", "access.log", built_plugin("hello")},
                      {.first = "ulimit -f 64;", .redirections = ""});
  server.await_line("workers are ready");
  const auto worker = server.await_workers(1);
  std::optional<HttpClient> client{socket()};
  const auto target = "/?" + std::string(1000, 'x');
  for (int request = 0; request < 100; ++request) ASSERT_EQ(client->get(target).body, "Hello, world!");
  EXPECT_THAT(server.await_line("lines of the access log are lost"), HasSubstr("[error]"));
  EXPECT_EQ(client->get("/").body, "Hello, world!");
  client.reset();
  EXPECT_EQ(server.await_workers(1), worker);
  EXPECT_LE(std::filesystem::file_size(folder_ / "access.log"), kMost);
  server.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
