#include "integration/support/server_process.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <stdexcept>

namespace indrik::test {
namespace {

/// A shell script in the place of the server.
ServerProcess script(const std::string& text) { return ServerProcess{{"-c", text}, {.program = "/bin/sh"}}; }

TEST(ServerProcessTest, TellsCodeAndSignalOfTheEnd) {
  EXPECT_EQ(script("exit 4").wait_exit(), (ExitStatus{.code = 4}));
  EXPECT_EQ(script("kill -9 $$").wait_exit(), (ExitStatus{.signal = SIGKILL}));
}

TEST(ServerProcessTest, FindsTheAddressesInTheLog) {
  auto server =
      script("echo 'indrik 1 listening at 127.0.0.1:81, [::1]:82 with 2 workers' >&2; read forever </dev/zero");
  EXPECT_EQ(server.addresses(), (std::vector<std::string>{"127.0.0.1:81", "[::1]:82"}));
  EXPECT_EQ(server.address(), "127.0.0.1:81");
}

TEST(ServerProcessTest, AwaitsTheLineThatComesLater) {
  const TemporaryFolder folder;
  ServerProcess server{{"-c", "trap 'echo got it >&2' USR1; echo ready >&2; while :; do sleep 100 & wait $!; done"},
                       {.folder = folder.path(), .program = "/bin/sh"}};
  server.await_line("ready");
  server.signal(SIGUSR1);
  EXPECT_EQ(server.await_line("got"), "got it");
  EXPECT_EQ(server.error_text(), "ready\ngot it\n");
}

TEST(ServerProcessTest, SaysWhatTheServerSaidWhenItEndsWithoutTheLine) {
  auto server = script("echo its last words >&2");
  try {
    server.await_line("something else");
    FAIL() << "a line that never came";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string{error.what()}.find("its last words"), std::string::npos);
  }
}

TEST(ServerProcessTest, FindsTheChildren) {
  auto server = script("sleep 100 & sleep 100 & echo $! >&2; wait");
  const auto workers = server.await_workers(2);
  EXPECT_EQ(std::to_string(workers[1]), server.await_line(""));
  for (const auto worker : workers) ::kill(worker, SIGKILL);
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0}));
}

TEST(ServerProcessTest, KillsTheServerWhenItGoesAway) {
  pid_t pid = -1;
  {
    const auto server = script("read forever </dev/zero");
    pid = server.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(ServerProcessTest, TakesACleanStopForOne) {
  auto server = script("trap 'exit 0' TERM; echo ready >&2; while :; do :; done");
  server.await_line("ready");
  server.expect_clean_stop();
}

TEST(ServerProcessTest, TakesNoOtherStopForACleanOne) {
  EXPECT_NONFATAL_FAILURE(
      {
        auto server = script("trap 'exit 1' TERM; echo ready >&2; while :; do :; done");
        server.await_line("ready");
        server.expect_clean_stop();
      },
      "exit code 1");
  EXPECT_NONFATAL_FAILURE(
      {
        auto server = script("trap 'exit 0' TERM; echo ERROR: AddressSanitizer: x >&2; while :; do :; done");
        server.await_line("ERROR");
        server.expect_clean_stop();
      },
      "AddressSanitizer");
}

TEST(ServerProcessTest, PassesEnvironmentAndFolder) {
  const TemporaryFolder folder;
  folder.write("greeting", "hello\n");
  ServerProcess server{{"-c", "cat greeting; echo $INDRIK_WORKERS"},
                       {.folder = folder.path(), .environment = {"INDRIK_WORKERS=3"}, .program = "/bin/sh"}};
  server.wait_exit();
  EXPECT_EQ(server.output_text(), "hello\n3\n");
}

TEST(ServerProcessTest, HandsDownStandardDescriptorsOnlyAndCountsThem) {
  const ServerProcess server{{"1000"}, {.program = "/bin/sleep"}};
  EXPECT_TRUE(await([&] { return server.open_descriptors() == 3; }));  // more before its execve(2)
}

TEST(ServerProcessTest, MeasuresMemory) {
  const auto server = script("read forever </dev/zero");
  EXPECT_GT(server.resident_kib(), 0U);
}

}  // namespace
}  // namespace indrik::test
