// Streams of plugins: their addresses, and what reloads, upgrades, signals and crashes do to their clients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <optional>
#include <string>

#include "integration/support/command.h"
#include "integration/support/http_client.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"

namespace indrik::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class StreamsTest : public testing::TestWithParam<std::string> {
 protected:
  /// `bind` as it stands in the [[app]].
  void write(const std::string& bind, const std::string& settings = {},
             const std::string& http = "\"unix:indrik.sock\"") const {
    site_.write_text("bind = [" + http + "]\nworker_class = \"" + GetParam() + "\"\ndrain_idle = \"50ms\"\n" +
                     settings + "\n[[app]]\nplugin = \"" + built_test_plugin("lines") + "\"\n" + bind + "\n");
  }
  void serve(const std::string& bind, const std::string& settings = {}, ServerProcess::Setup more = {}) {
    write(bind, settings);
    more.folder = site_.folder().path();
    server_.emplace(std::vector<std::string>{"-c", "indrik.toml"}, std::move(more));
    server_->await_line("workers are ready");
  }
  std::string address(const std::string& name) const { return site_.address(name); }
  void expect_answer(const std::string& name) const {
    HttpClient client{address(name)};
    client.send("hello\n");
    EXPECT_EQ(client.receive_bytes_until("\n"), "1 hello\n");
  }
  static constexpr auto kLines = "bind = {lines = [\"unix:lines.sock\"]}";

  Site site_{GetParam()};
  std::optional<ServerProcess> server_;
};
INSTANTIATE_TEST_SUITE_P(Worker, StreamsTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(StreamsTest, ServesEachAtItsOwnAddresses) {
  serve("bind = {lines = [\"unix:lines.sock\", \"unix:more.sock\"], count = [\"unix:count.sock\"]}");
  EXPECT_THAT(server_->await_line("listening at"), HasSubstr("unix:more.sock"));
  expect_answer("lines.sock");
  expect_answer("more.sock");
  HttpClient client{address("count.sock")};
  EXPECT_EQ(client.receive_bytes_until("\n"), "send\n");
  client.send(std::string(100'000, 'x'));
  client.end_sending();
  EXPECT_EQ(client.receive_until_closed(), "100000\n");
  EXPECT_EQ(site_.status(), 404);
  server_->expect_clean_stop();
}

TEST_P(StreamsTest, LogsWhatAHandlerThrowsAndResets) {
  serve(kLines);
  HttpClient client{address("lines.sock")};
  client.send("throw\n");
  client.receive_until_closed();
  EXPECT_THAT(server_->await_line("stream lines"),
              HasSubstr("stream lines (plugin lines), unix socket: as it was told to"));
  HttpClient longer{address("lines.sock")};
  longer.send(std::string(200, 'x'));
  longer.receive_until_closed();
  server_->await_line("a line that is too long");
  expect_answer("lines.sock");
}

TEST_P(StreamsTest, NamesTheStreamInTheReportOfACrash) {
  serve(kLines);
  HttpClient client{address("lines.sock")};
  client.send("crash\n");
  EXPECT_EQ(client.receive_until_closed(), "");
  EXPECT_THAT(server_->await_line("request: "), HasSubstr("request: stream lines (route lines, plugin lines)"));
  expect_answer("lines.sock");
}

TEST_P(StreamsTest, ChangesAddressesAtAReload) {
  serve(kLines);
  HttpClient before{address("lines.sock")};
  before.send("one\n");
  EXPECT_EQ(before.receive_bytes_until("\n"), "1 one\n");
  write("bind = {lines = [\"unix:next.sock\"]}");
  server_->signal(SIGHUP);
  EXPECT_EQ(before.receive_until_closed(), "bye\n");
  server_->await_line("reload done");
  expect_answer("next.sock");
  EXPECT_TRUE(await([&] { return !std::filesystem::exists(site_.folder() / "lines.sock"); }));
  server_->expect_clean_stop();
}

TEST_P(StreamsTest, ServesStreamsOnlyWhereNothingElseIsToListen) {
  write(kLines, {}, "");
  const std::vector<std::string> check{"--check-config", "-c", "indrik.toml"};
  ServerProcess good{check, site_.setup()};
  EXPECT_EQ(good.wait_exit(), (ExitStatus{.code = 0})) << good.error_text();
  ServerProcess server{{"-c", "indrik.toml"}, site_.setup()};
  EXPECT_THAT(server.await_line("listening at"), HasSubstr("listening at unix:lines.sock"));
  server.await_line("workers are ready");
  expect_answer("lines.sock");
  EXPECT_FALSE(std::filesystem::exists(site_.folder() / "indrik.sock"));
  write(kLines);
  server.signal(SIGHUP);
  server.await_line("reload done");
  EXPECT_EQ(site_.status(), 404);
  write(kLines, {}, "");
  server.signal(SIGHUP);
  EXPECT_TRUE(await([&] { return !std::filesystem::exists(site_.folder() / "indrik.sock"); }));
  expect_answer("lines.sock");
  write("", {}, "");
  const auto refusal = "indrik.toml:1: bind = []: nothing would listen: expected an address, unless an [[app]] has a";
  ServerProcess bad{check, site_.setup()};
  EXPECT_EQ(bad.wait_exit(), (ExitStatus{.code = 2}));
  EXPECT_THAT(bad.error_text(), HasSubstr(refusal));
  server.signal(SIGHUP);
  EXPECT_THAT(server.await_line("reload failed"), HasSubstr(refusal));
  expect_answer("lines.sock");
  server.expect_clean_stop();
}

TEST_P(StreamsTest, HandsItsListenersOverInAnUpgrade) {
  serve(kLines);
  server_->signal(SIGUSR2);
  server_->follow_upgrade();
  expect_answer("lines.sock");
  server_->expect_clean_stop();
}

TEST_P(StreamsTest, TakesASocketThatWasPassed) {
  const Fd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&name), size), 0);
  ASSERT_EQ(::listen(listener.get(), 10), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
  const auto tcp = "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
  serve("bind = {lines = [\"" + tcp + "\"]}", {}, {.passed = {{"lines.socket", listener.get()}}});
  HttpClient client{tcp};
  client.send("hello\n");
  EXPECT_EQ(client.receive_bytes_until("\n"), "1 hello\n");
  EXPECT_EQ(site_.status(), 404);
}

TEST_P(StreamsTest, EndsAConversationWhenItIsToldToStop) {
  serve(kLines, "workers = 2");
  HttpClient client{address("lines.sock")};
  client.send("one\n");
  EXPECT_EQ(client.receive_bytes_until("\n"), "1 one\n");
  server_->signal(SIGTERM);
  EXPECT_EQ(client.receive_until_closed(), "bye\n");
  EXPECT_EQ(server_->wait_exit(), ExitStatus{});
}

/// What --check-config says of the [[app]] table's bind.
class StreamBindTest : public testing::Test {
 protected:
  CommandResult check(const std::string& bind, const std::string& plugin = built_test_plugin("lines")) const {
    folder_.write("indrik.toml", "bind = [\"127.0.0.1:7001\"]\n[[app]]\nplugin = \"" + plugin + "\"\n" + bind + "\n");
    return run_command("cd " + folder_.path().native() +
                       " && " INDRIK_BUILD_DIR "/indrik --check-config -c indrik.toml");
  }
  TemporaryFolder folder_;
};

TEST_F(StreamBindTest, SaysWhatIsWrongWithAnAddress) {
  const auto text = [&](const std::string& bind) { return check(bind).output; };
  EXPECT_THAT(
      text("bind = {lines = [\"nowhere\"]}"),
      HasSubstr("indrik.toml:4: bind.lines = [\"nowhere\"]: address 'nowhere': no port; accepted are HOST:PORT"));
  EXPECT_THAT(text("bind = 7"), HasSubstr("indrik.toml:4: bind = 7: addresses like \"127.0.0.1:6379\""));
  EXPECT_THAT(text("bind = []"), HasSubstr("indrik.toml:4: bind = []: addresses like"));
  EXPECT_THAT(text("bind = {lines = [\"https://127.0.0.1:7002\"]}"), HasSubstr("a stream does not speak TLS"));
  EXPECT_THAT(text("bind = {lines = [\"127.0.0.1:7001\"]}"),
              HasSubstr("127.0.0.1:7001 is in the server's own bind as well"));
  EXPECT_THAT(text("bind = {lines = [\"127.0.0.1:7002\", \"localhost:7002\"]}"),
              HasSubstr("127.0.0.1:7002 is named twice"));
}

TEST_F(StreamBindTest, IsComparedWithTheStreamsThatThePluginHas) {
  const auto unknown = check("bind = {other = [\"127.0.0.1:7002\"]}");
  EXPECT_THAT(unknown.output, HasSubstr("has these streams: lines, count; write bind = {NAME = [...]}"));
  EXPECT_EQ(unknown.code, 4);
  EXPECT_THAT(check("bind = [\"127.0.0.1:7002\"]").output, HasSubstr("has these streams: lines, count"));
  const auto none = check("bind = [\"127.0.0.1:7002\"]", built_plugin("hello"));
  EXPECT_THAT(none.output, AllOf(HasSubstr("indrik.toml:4: bind"), HasSubstr("hello.so has no stream")));
  const auto unbound = check("bind = {lines = \"127.0.0.1:7002\"}");
  EXPECT_EQ(unbound.code, 0) << unbound.output;
  EXPECT_THAT(unbound.output, HasSubstr("its stream count listens nowhere"));
}

}  // namespace
}  // namespace indrik::test
