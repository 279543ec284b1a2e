// The fault matrix: each way in which a plugin can end or block its worker, in each worker class. What the client sees,
// what the log says, and that the server serves afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "integration/support/http_client.h"
#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // they have their own words for faults, stacks of their own, and much memory
#else
constexpr bool kSanitized = false;
#endif

/// The entry of the log whose first line has `first` in it, with the indented lines below.
std::string report_of(const ServerProcess& server, std::string_view first) {
  std::string entry;
  EXPECT_TRUE(await([&] {
    const auto text = server.error_text();
    entry.clear();
    std::size_t at = text.find(first);
    if (at == std::string::npos) return false;
    at = text.rfind('\n', at) + 1;
    do {
      const auto end = text.find('\n', at);
      if (end == std::string::npos) return false;  // it is not all there
      entry += text.substr(at, end + 1 - at);
      at = end + 1;
    } while (text.substr(at).starts_with("    "));
    return entry.find("cause: ") != std::string::npos;
  })) << server.error_text();
  return entry;
}

struct Fault {
  std::string name;    ///< of the test
  std::string target;  ///< of misbehaving.so
  std::string end;     ///< in the report's first line
  std::string cause;   ///< in its second
  std::string frame;   ///< a name on the stack; empty: not asked for
};

std::vector<Fault> faults() {
  return {
      {"Segfault", "/segfault", "was killed by SIGSEGV", "SIGSEGV at address 0x0: nothing is mapped", "add_crashes"},
      {"Abort", "/crash", "was killed by SIGABRT", "SIGABRT by itself", "add_crashes"},
      {"Exit", "/exit-1", "exited with code 1", "exit(3) was called", "add_more_crashes"},
      {"NullCall", "/null-call", "was killed by SIGSEGV", "SIGSEGV at address 0x0", "call_nowhere"},
      {"DoubleFree", "/free-twice", "was killed by SIGABRT", "SIGABRT by itself", "free_twice"},
      {"Overflow", "/recurse", "was killed by SIGSEGV", "stack overflow of a ", "dig_deeper"},
  };
}

using ClassAndFault = std::tuple<std::string, Fault>;

class CrashTest : public testing::TestWithParam<ClassAndFault> {};

INSTANTIATE_TEST_SUITE_P(Worker, CrashTest,
                         testing::Combine(testing::Values("sync", "event", "green"), testing::ValuesIn(faults())),
                         [](const auto& given) { return std::get<0>(given.param) + std::get<1>(given.param).name; });

std::vector<std::string> arguments(const std::string& worker_class, std::vector<std::string> more = {}) {
  std::vector<std::string> all{"-b", "127.0.0.1:0", "-k", worker_class, built_test_plugin("misbehaving")};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// The request is cut off without an answer.
void expect_cut_off(const ServerProcess& server, std::string_view target) {
  HttpClient client{server.address()};
  client.send(request_bytes("GET", target));
  EXPECT_EQ(client.receive_until_closed(), "") << target;
}

TEST_P(CrashTest, IsReportedAndHarmsNobodyElse) {
  const auto& [worker_class, fault] = GetParam();
  if (kSanitized) GTEST_SKIP() << "a sanitizer tells of this fault itself, and a test program ends with its code";
  ServerProcess server{arguments(worker_class, {"-w", "2"})};
  server.await_line("workers are ready");
  expect_cut_off(server, fault.target);
  EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
  const auto report = report_of(server, fault.end);
  EXPECT_THAT(report, AllOf(HasSubstr(fault.cause), HasSubstr("request: GET " + fault.target + " (route " +
                                                              fault.target + ", plugin misbehaving)")));
  EXPECT_THAT(report, AllOf(HasSubstr("in flight: 1 request on 1 connection"), HasSubstr(fault.frame)));
  EXPECT_THAT(report, HasSubstr("misbehaving.so + 0x"));
  if (fault.name == "Overflow") {
    EXPECT_THAT(report, HasSubstr(worker_class == "green" ? "overflow of a fiber" : "overflow of a thread"));
  }
  server.await_workers(2);
  EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
  server.expect_clean_stop();
  const auto log = server.error_text();
  EXPECT_EQ(log.find("cause: "), log.rfind("cause: ")) << "one report:\n" << log;
}

TEST(FiberOverflowTest, IsReportedAsSuchWhereFramesAreLargerThanAPageToo) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer tells of this fault itself";
  ServerProcess server{arguments("green")};
  server.await_line("workers are ready");
  expect_cut_off(server, "/recurse-largely");
  const auto report = report_of(server, "was killed by SIGSEGV");
  EXPECT_THAT(report, AllOf(HasSubstr("stack overflow of a fiber"), HasSubstr("dig_in_large_steps"),
                            HasSubstr("request: GET /recurse-largely (route /recurse-largely, plugin misbehaving)")));
  EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
  server.expect_clean_stop();
}

/// What needs nothing from the crash handler.
class FaultTest : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Worker, FaultTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

/// The classes in which a blocking handler has the loop.
class StuckLoopTest : public FaultTest {};

INSTANTIATE_TEST_SUITE_P(Worker, StuckLoopTest, testing::Values("sync", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(StuckLoopTest, IsReported) {
  // A fiber that waits for a mutex for ever holds up nobody else.
  const auto targets =
      GetParam() == "sync" ? std::vector<std::string>{"/spin", "/deadlock"} : std::vector<std::string>{"/spin"};
  for (const auto& target : targets) {
    ServerProcess server{arguments(GetParam(), {"-w", "1", "--timeout", "1s"})};
    server.await_line("workers are ready");
    HttpClient client{server.address()};
    client.send(request_bytes("GET", target));
    EXPECT_EQ(client.receive().status, 504) << target;
    EXPECT_EQ(client.receive_until_closed(), "") << target;
    const auto report = report_of(server, "was killed by SIGABRT");
    EXPECT_THAT(report, AllOf(HasSubstr("SIGABRT by the master: the worker was stuck"),
                              HasSubstr("request: GET " + target), HasSubstr("misbehaving.so + 0x")));
    if (target == "/deadlock") {
      EXPECT_THAT(report, HasSubstr("pthread_mutex_lock"));
    }
    EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
    server.expect_clean_stop();
  }
}

TEST_P(StuckLoopTest, AnswersHeadWithoutABodyAndAfterWhatWasPipelinedBefore) {
  ServerProcess server{arguments(GetParam(), {"-w", "1", "--timeout", "1s"})};
  server.await_line("workers are ready");
  HttpClient head{server.address()};
  head.send(request_bytes("HEAD", "/spin"));
  EXPECT_EQ(head.receive("HEAD").status, 504);
  EXPECT_EQ(head.receive_until_closed(), "");
  server.await_line("SIGABRT by the master");
  HttpClient pipelining{server.address()};
  pipelining.send(request_bytes("GET", "/fine") + request_bytes("GET", "/spin"));
  const auto first = pipelining.receive();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(pipelining.receive().status, 504);
  EXPECT_EQ(pipelining.receive_until_closed(), "");
}

TEST(EventFaultTest, ReplacesAWorkerAllOfWhoseThreadsAreHeld) {
  ServerProcess server{
      arguments("event", {"-w", "1", "--threads", "2", "--timeout", "1s", "--graceful-timeout", "1s"})};
  server.await_line("workers are ready");
  const auto before = server.worker_pids();
  for (int i = 0; i < 2; ++i) {
    HttpClient client{server.address()};
    client.send(request_bytes("GET", "/deadlock"));
    EXPECT_EQ(client.receive().status, 504);
  }
  server.await_line("all 2 threads are held by handlers whose timeout has passed: retiring");
  EXPECT_TRUE(await([&] { return server.worker_pids().size() == 1 && server.worker_pids() != before; }));
  EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
  server.expect_clean_stop();
}

TEST(EventFaultTest, ServesOthersWhileAThreadOfThePoolIsStuck) {
  for (const std::string target : {"/spin", "/deadlock"}) {
    ServerProcess server{arguments("event", {"-w", "1", "--timeout", "1s", "--graceful-timeout", "1s"})};
    server.await_line("workers are ready");
    HttpClient stuck{server.address()};
    stuck.send(request_bytes("GET", target));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
    server.signal(SIGINT);
    EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0}));
  }
}

TEST_P(FaultTest, AnswersAHandlerThatHasNoMemoryLeftWith500) {
  if (kSanitized) GTEST_SKIP() << "its own memory is beyond any limit";
  ServerProcess server{arguments(GetParam(), {"-w", "1"})};
  server.await_line("workers are ready");
  EXPECT_EQ(HttpClient{server.address()}.get("/exhaust").status, 500);
  EXPECT_THAT(server.await_line("std::bad_alloc"), HasSubstr("GET /exhaust"));  // it may be told of as a stall before
  EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
  server.expect_clean_stop();
  EXPECT_THAT(server.error_text(), Not(HasSubstr("cause: ")));
}

TEST_P(FaultTest, ReportsAnEndByUnderscoreExit) {
  ServerProcess server{arguments(GetParam(), {"-w", "1"})};
  server.await_line("workers are ready");
  expect_cut_off(server, "/exit");
  EXPECT_THAT(report_of(server, "exited with code 0"), HasSubstr("_exit(2)"));
  EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
  server.expect_clean_stop();
}

TEST_P(FaultTest, ReportsAKillFromOutside) {
  ServerProcess server{arguments(GetParam(), {"-w", "1"})};
  server.await_line("workers are ready");
  ASSERT_EQ(::kill(server.await_workers(1)[0], SIGKILL), 0);
  EXPECT_THAT(report_of(server, "was killed by SIGKILL"), HasSubstr("SIGKILL from outside"));
  EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
  server.expect_clean_stop();
}

/// A signal sent from outside is told with its sender, in sanitized builds as well.
TEST_P(FaultTest, ReportsWhoSentAFatalSignal) {
  ServerProcess server{arguments(GetParam(), {"-w", "1"})};
  server.await_line("workers are ready");
  ASSERT_EQ(::kill(server.await_workers(1)[0], SIGABRT), 0);
  EXPECT_THAT(report_of(server, "was killed by SIGABRT"),
              AllOf(HasSubstr("SIGABRT from pid " + std::to_string(::getpid())),
                    HasSubstr("request: none in the thread that ended"), HasSubstr("Engine::run")));
  EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
  server.expect_clean_stop();
}

TEST_P(FaultTest, ReportsAStartHookThatEndsTheWorker) {
  ServerProcess server{{"-b", "127.0.0.1:0", "-k", GetParam(), "-w", "1", built_test_plugin("exits_in_start")}};
  EXPECT_NE(server.wait_exit().code, 0);
  EXPECT_THAT(server.error_text(), HasSubstr("cause: something called _exit(2)"));
}

/// exit(3) on a fiber has LeakSanitizer look at that fiber's stack alone: it misses what the thread's own stack holds.
ServerProcess::Setup without_leak_check() {
  const char* const options = std::getenv("ASAN_OPTIONS");
  return {.environment = {"ASAN_OPTIONS=" + std::string{options == nullptr ? "" : options} + ":detect_leaks=0"}};
}

TEST_P(FaultTest, ClosesARouteThatKeepsCrashingAndNoOther) {
  ServerProcess server{arguments(GetParam(), {"-w", "2", "--crash-quarantine", "2", "--crash-quarantine-time",
                                              kSanitized ? "4s" : "2s"}),
                       without_leak_check()};
  server.await_line("workers are ready");
  expect_cut_off(server, "/exit-1");
  expect_cut_off(server, "/exit-1");
  EXPECT_THAT(server.await_line("it is closed for"), HasSubstr("route /exit-1 of plugin misbehaving has killed 2"));
  for (int i = 0; i < 6; ++i) {  // whichever worker takes it
    const auto refused = HttpClient{server.address()}.get("/exit-1");
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.field("Retry-After").value_or(""), testing::MatchesRegex("[1-4]"));
    EXPECT_EQ(HttpClient{server.address()}.get("/fine").status, 200);
  }
  server.await_line("route /exit-1 of plugin misbehaving is open again");
  expect_cut_off(server, "/exit-1");
  server.expect_clean_stop();
}

TEST_P(FaultTest, OpensClosedRoutesAtAReload) {
  ServerProcess server{arguments(GetParam(), {"-w", "1", "--crash-quarantine", "1", "--crash-quarantine-time", "10m"}),
                       without_leak_check()};
  server.await_line("workers are ready");
  expect_cut_off(server, "/exit-1");
  server.await_line("it is closed for");
  EXPECT_EQ(HttpClient{server.address()}.get("/exit-1").status, 503);
  server.signal(SIGHUP);
  server.await_line("reload done");
  server.await_line("is open again");
  expect_cut_off(server, "/exit-1");
  server.expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
