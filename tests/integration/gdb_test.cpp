// tools/indrik-gdb.py in a real gdb, attached to a real worker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "integration/support/command.h"
#include "integration/support/http_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Whether the system lets a process look into one that it has not started (Yama).
bool may_attach() {
  int scope = 0;
  std::ifstream{"/proc/sys/kernel/yama/ptrace_scope"} >> scope;
  return scope == 0 || (scope < 3 && ::geteuid() == 0);
}

std::string look_into(pid_t worker, const std::string& command) {
  const auto ran = run_command("gdb -nx -batch -p " + std::to_string(worker) +
                               " -x '" INDRIK_SOURCE_DIR "/tools/indrik-gdb.py' -ex \"" + command + "\" 2>&1");
  EXPECT_EQ(ran.code, 0) << ran.output;
  return ran.output;
}

std::size_t count_of(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST(GdbTest, ListsTheFibersOfAWorkerWithTheirRequestsAndStacks) {
  if (!may_attach()) GTEST_SKIP() << "this system lets nobody attach";
  ServerProcess server{{"-b", "127.0.0.1:0", "-k", "green", built_test_plugin("staller")}};
  HttpClient one{server.address()};
  HttpClient two{server.address()};
  HttpClient three{server.address()};
  EXPECT_EQ(three.get("/fine").status, 200);
  one.send(request_bytes("GET", "/wait?one"));
  two.send(request_bytes("GET", "/wait?two"));
  const auto worker = server.await_workers(1).front();
  std::string fibers;
  ASSERT_TRUE(await([&] {
    fibers = look_into(worker, "indrik fibers");
    return count_of(fibers, "parked GET /wait") == 2;
  })) << fibers;
  EXPECT_THAT(fibers, HasSubstr("0 running, 2 parked"));
  EXPECT_EQ(count_of(fibers, "parked GET /wait (route /wait, plugin staller)"), 2U) << fibers;
  EXPECT_EQ(count_of(fibers, " wait_for_long"), 2U) << fibers;
  EXPECT_EQ(count_of(fibers, "cannot be unwound"), 0U) << fibers;
  EXPECT_THAT(look_into(worker, "indrik fibers -a 3"), Not(HasSubstr("  #3 ")));
  EXPECT_EQ(three.get("/fine").status, 200) << "it runs on";
}

TEST(GdbTest, ChoosesAFiberForTheDebuggersOwnCommands) {
  if (!may_attach()) GTEST_SKIP() << "this system lets nobody attach";
  ServerProcess server{{"-b", "127.0.0.1:0", "-k", "green", built_test_plugin("staller")}};
  HttpClient client{server.address()};
  client.send(request_bytes("GET", "/wait"));
  const auto worker = server.await_workers(1).front();
  std::string stack;
  EXPECT_TRUE(await([&] {
    stack = look_into(worker, "python gdb.execute('indrik fiber 1'); gdb.execute('bt'); gdb.execute('indrik fiber 0')");
    return stack.find("wait_for_long") != std::string::npos;
  })) << stack;
}

}  // namespace
}  // namespace indrik::test
