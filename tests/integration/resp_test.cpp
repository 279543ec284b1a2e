// The plugin resp beside a real redis-server: the same bytes get the same replies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "integration/support/command.h"
#include "integration/support/http_client.h"
#include "integration/support/redis_server.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"

namespace indrik::test {
namespace {

using namespace std::string_view_literals;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kLine = 64 * 1024;

/// What clients get wrong, and what looks like it; each is all that one client says.
const std::vector<std::string_view> kInputs{
    "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$-1\r\n"sv,
    "*1\r\n$x\r\n"sv,
    "*1\r\n:4\r\nPING\r\n"sv,
    "*-1\r\nPING\r\n"sv,
    "*0\r\nPING\r\n"sv,
    "*x\r\n"sv,
    "*\r\n"sv,
    "* 1\r\n"sv,
    "*+1\r\n"sv,
    "*01\r\n"sv,
    "*1048577\r\n"sv,
    "*2147483647\r\n"sv,
    "*2147483648\r\n"sv,
    "*99999999999999999999\r\n"sv,
    "*-99999999999\r\nPING\r\n"sv,
    "*1\r\n$536870913\r\n"sv,
    "*1\r\n$536870912\r\n"sv,
    "*1\r\n$-1\r\n"sv,
    "*1\r\n$-0\r\n"sv,
    "*1\r\n$00\r\n"sv,
    "*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n"sv,
    "*1\r\n$4\r\nPI\r\nxx"sv,
    "*1\r\n\r\n"sv,
    "*1\r\nPING\r\n"sv,
    "*1\r\n\000\r\n"sv,
    "*1\r\n\3774\r\n"sv,
    "*1\n$4\nPING\n"sv,
    "*1\r$4\r\nPING\r\n"sv,
    "*1\rx$4\rxPING\r\n"sv,
    "\r\n\r\nPING\r\n"sv,
    "   \r\nPING\r\n"sv,
    "PING\n"sv,
    "\"PING\"\r\n"sv,
    "\"PING\r\n"sv,
    "'PING\r\n"sv,
    "\"PING\"x\r\n"sv,
    "'PI'NG\r\n"sv,
    "PING 'a\\'b'\r\n"sv,
    "PING \"\\x41\\n\\r\\t\\b\\a\\\\\\\"\\q\"\r\n"sv,
    "PING \"\\x4\"\r\n"sv,
    "PI\"NG\"\r\n"sv,
    "PING \"\"\r\n"sv,
    "PING ''\r\n"sv,
    "PING\000\r\nPING\r\n"sv,
    "PING\013x\r\n"sv,
    "foo\r\n"sv,
    "FOO bar baz\r\n"sv,
    "foo \"\\r\\n\" x\r\n"sv,
    "GET\r\n"sv,
    "GET a b\r\n"sv,
    "SET a\r\n"sv,
    "SET a b c\r\n"sv,
    "SET a b EX\r\n"sv,
    "SET a b EX 0\r\n"sv,
    "SET a b EX -1\r\n"sv,
    "SET a b EX x\r\n"sv,
    "SET a b EX 9223372036854775807\r\n"sv,
    "SET a b PX 9223372036854775807\r\n"sv,
    "SET a b NX XX\r\n"sv,
    "SET a b EX 1 PX 1\r\n"sv,
    "SET a b KEEPTTL EX 1\r\n"sv,
    "SET a b EX 10 EX 20\r\n"sv,
    "SET a b GET NX\r\n"sv,
    "SET a b XX GET\r\n"sv,
    "INCR\r\n"sv,
    "SET s abc\r\nINCR s\r\n"sv,
    "SET n 9223372036854775807\r\nINCR n\r\n"sv,
    "SET n -9223372036854775808\r\nDECR n\r\n"sv,
    "INCRBY n x\r\n"sv,
    "DECRBY n -9223372036854775808\r\n"sv,
    "SET z 01\r\nINCR z\r\n"sv,
    "SET z \" 1\"\r\nINCR z\r\n"sv,
    "DEL\r\n"sv,
    "EXISTS\r\n"sv,
    "ECHO\r\n"sv,
    "ECHO a b\r\n"sv,
    "PING a b\r\n"sv,
    "CONFIG\r\n"sv,
    "CONFIG GET\r\n"sv,
    "CONFIG FOO\r\n"sv,
    "config foo bar\r\n"sv,
    "CONFIG GET nothing-like-it\r\n"sv,
    "CONFIG GET save\r\n"sv,
    "CONFIG GET appendonly\r\n"sv,
    "SELECT x\r\n"sv,
    "SELECT 16\r\n"sv,
    "SELECT -1\r\n"sv,
    "SELECT\r\n"sv,
    "CLIENT\r\n"sv,
    "CLIENT FOO\r\n"sv,
    "CLIENT SETNAME\r\n"sv,
    "CLIENT SETNAME \"a b\"\r\n"sv,
    "CLIENT GETNAME\r\n"sv,
    "CLIENT SETNAME me\r\nCLIENT GETNAME\r\n"sv,
    "HELLO 3x\r\n"sv,
    "HELLO 4\r\n"sv,
    "HELLO 2 FOO\r\n"sv,
    "QUIT\r\nPING\r\n"sv,
    "QUIT x y\r\n"sv,
    "FLUSHALL x\r\n"sv,
    "DBSIZE x\r\n"sv,
    "TTL\r\n"sv,
    "*3\r\n$3\r\nSET\r\n$3\r\nk\000y\r\n$5\r\na\000\r\nb\r\n*2\r\n$3\r\nGET\r\n$3\r\nk\000y\r\n"sv,
    "*1\r\n$4\r\nGE\000T\r\n"sv,
    "*2\r\n$5\r\nFO\000OO\r\n$3\r\na\000b\r\n"sv,
    "*1\r\n$0\r\n\r\n"sv,
    "*1\r\n$6\r\nA\r\nB\r\nC\r\n"sv,
    "*2147483647\r\n$x\r\n"sv,
    "*1048576\r\n$x\r\n"sv,
    "*1\r\n\r$4\r\n"sv,
};

/// The same, too long to be written down.
std::vector<std::string> inputs() {
  std::vector<std::string> all{kInputs.begin(), kInputs.end()};
  all.push_back(std::string(kLine + 1, 'A'));
  all.push_back(std::string(kLine, 'A') + "\r\n");
  all.push_back("*" + std::string(kLine + 1, '1'));
  all.push_back("*1\r\n$" + std::string(kLine + 1, '1'));
  all.push_back("foo " + std::string(200, 'x') + " y\r\n");
  all.push_back(std::string(300, 'x') + " y\r\n");
  return all;
}

/// All that a server says to one client, who says this and then ends his half.
std::string answer(const std::string& address, std::string_view bytes) {
  HttpClient client{address};
  client.send("FLUSHALL\r\n");
  client.receive_bytes_until("+OK\r\n");
  client.send(bytes);
  client.end_sending();
  return client.receive_until_closed();
}

class RespTest : public testing::TestWithParam<std::string> {
 protected:
  void serve(const std::string& config = {}, const std::string& settings = {}) {
    site_.write_text("bind = [\"unix:indrik.sock\"]\nworker_class = \"" + GetParam() + "\"\n" + settings +
                     "\n[[app]]\nplugin = \"" + built_plugin("resp") +
                     "\"\nbind = [\"unix:resp.sock\"]\n[app.config]\n" + config + "\n");
    server_.emplace(std::vector<std::string>{"-c", "indrik.toml"}, site_.setup());
    server_->await_line("workers are ready");
  }
  std::string address() const { return site_.address("resp.sock"); }
  std::string path() const { return (site_.folder() / "resp.sock").native(); }

  using Context = std::unique_ptr<redisContext, void (*)(redisContext*)>;
  using Reply = std::unique_ptr<redisReply, void (*)(void*)>;
  Context connect() const { return {redisConnectUnix(path().c_str()), redisFree}; }
  static Reply ask(const Context& context, const std::vector<std::string>& words) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const auto& word : words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    void* const reply = redisCommandArgv(context.get(), static_cast<int>(words.size()), texts.data(), sizes.data());
    return {static_cast<redisReply*>(reply), freeReplyObject};
  }

  Site site_{GetParam()};
  std::optional<ServerProcess> server_;
};
INSTANTIATE_TEST_SUITE_P(Worker, RespTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

TEST_P(RespTest, AnswersMalformedInputAsRedisDoes) {
  const RedisServer redis;
  serve();
  ASSERT_GE(inputs().size(), 100U);
  for (const auto& input : inputs())
    EXPECT_EQ(answer(address(), input), answer(redis.address(), input)) << input.substr(0, 100);
  server_->expect_clean_stop();
}

TEST_P(RespTest, AnswersRandomCommandsAsRedisDoes) {
  const RedisServer redis;
  serve();
  std::minstd_rand random{20'230'501};
  const auto one_of = [&](const std::vector<std::string>& words) { return words[random() % words.size()]; };
  const std::vector<std::string> keys{"a", "b", "c", "key with\r\nlines", std::string("nul\0", 4)};
  const std::vector<std::string> values{"1", "-7", "text", "", "9223372036854775807", std::string(5000, 'v')};
  HttpClient ours{address()};
  HttpClient theirs{redis.address()};
  std::string pipeline;
  const auto compare = [&] {
    pipeline += "PING \"the end\"\r\n";
    std::vector<std::string> replies;
    for (auto* const client : {&ours, &theirs}) {
      client->send(pipeline);
      replies.push_back(client->receive_bytes_until("$7\r\nthe end\r\n"));
    }
    ASSERT_EQ(replies[0], replies[1]) << pipeline;
    pipeline.clear();
  };
  const auto add = [&](const std::vector<std::string>& words) {
    pipeline += "*" + std::to_string(words.size()) + "\r\n";
    for (const auto& word : words) pipeline += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  };
  for (int i = 0; i < 4000; ++i) {
    if (i % 20 == 19) compare();
    switch (random() % 9) {
      case 0:
        add({"SET", one_of(keys), one_of(values)});
        break;
      case 1:
        add({"SET", one_of(keys), one_of(values), one_of({"NX", "XX", "GET", "KEEPTTL", "ex"}), one_of({"NX", "100"})});
        break;
      case 2:
        add({one_of({"INCR", "decr", "GET", "Get", "ECHO"}), one_of(keys)});
        break;
      case 3:
        add({one_of({"INCRBY", "DECRBY"}), one_of(keys), one_of(values)});
        break;
      case 4:
        add({"SET", one_of(keys), one_of(values), one_of({"EX", "EXAT"}), one_of({"1000", "9999999999", "0", "x"})});
        break;
      case 5:
        add({one_of({"DEL", "EXISTS"}), one_of(keys), one_of(keys)});
        break;
      case 6:
        add({"GET", one_of(keys), one_of(keys)});
        break;
      default:
        add({"GET", one_of(keys)});
    }
  }
  add({"DBSIZE"});
  compare();
}

TEST_P(RespTest, TakesAPipelineWhereverItIsCut) {
  serve();
  const std::string pipeline =
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\na\r\n\r\nb\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\nINCR n\r\nPING \"a b\"\r\n"
      "*2\r\n$3\r\nDEL\r\n$1\r\nn\r\n*1\r\n$4\r\nPING\r\n";
  const std::string replies = "+OK\r\n$6\r\na\r\n\r\nb\r\n:1\r\n$3\r\na b\r\n:1\r\n+PONG\r\n";
  HttpClient client{address()};
  for (std::size_t cut = 1; cut < pipeline.size(); ++cut) {
    client.send(std::string_view{pipeline}.substr(0, cut));
    client.send(std::string_view{pipeline}.substr(cut));
    ASSERT_EQ(client.receive_bytes_until("+PONG\r\n"), replies) << cut;
  }
}

TEST_P(RespTest, ServesAnOrdinaryClientLibrary) {
  serve();
  const auto context = connect();
  ASSERT_EQ(context->err, 0) << context->errstr;
  const std::string big(8 * 1024 * 1024, '\0');
  EXPECT_STREQ(ask(context, {"SET", "big", big})->str, "OK");
  const auto back = ask(context, {"GET", "big"});
  EXPECT_TRUE(std::string_view(back->str, back->len) == big);
  EXPECT_EQ(ask(context, {"INCR", "counter"})->integer, 1);
  EXPECT_EQ(ask(context, {"GET", "nothing"})->type, REDIS_REPLY_NIL);
  EXPECT_EQ(ask(context, {"HELLO", "3"})->type, REDIS_REPLY_ERROR);
  EXPECT_STREQ(ask(context, {"CLIENT", "SETINFO", "LIB-NAME", "hiredis"})->str, "OK");
  for (int i = 0; i < 10'000; ++i) redisAppendCommand(context.get(), "INCR %s", "counter");
  void* reply = nullptr;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(redisGetReply(context.get(), &reply), REDIS_OK);
    EXPECT_EQ(Reply(static_cast<redisReply*>(reply), freeReplyObject)->integer, i + 2);
  }
}

TEST_P(RespTest, ServesRedisCli) {
  serve();
  EXPECT_THAT(run_command("redis-cli -s " + path() + " set greeting hello").output, StartsWith("OK"));
  EXPECT_THAT(run_command("redis-cli -s " + path() + " get greeting").output, StartsWith("hello"));
  EXPECT_THAT(run_command("printf 'ping\\nselect 0\\nconfig get save\\n' | redis-cli -s " + path()).output,
              StartsWith("PONG\nOK\nsave"));
}

TEST_P(RespTest, ForgetsWhatHasExpired) {
  serve();
  const auto context = connect();
  EXPECT_STREQ(ask(context, {"SET", "k", "v", "PX", "20"})->str, "OK");
  EXPECT_TRUE(await([&] { return ask(context, {"GET", "k"})->type == REDIS_REPLY_NIL; }));
  EXPECT_EQ(ask(context, {"TTL", "k"})->integer, -2);
  EXPECT_STREQ(ask(context, {"SET", "k", "v", "EXAT", "1"})->str, "OK");
  EXPECT_EQ(ask(context, {"EXISTS", "k"})->integer, 0);
}

TEST_P(RespTest, KeepsWithinItsLimits) {
  serve("proto_max_bulk_len = 1000\nmaxmemory = 100000\n");
  EXPECT_EQ(answer(address(), "*1\r\n$1001\r\n"), "-ERR Protocol error: invalid bulk length\r\n");
  const auto context = connect();
  Reply reply{nullptr, freeReplyObject};
  for (int i = 0; i < 1000 && (!reply || reply->type == REDIS_REPLY_STATUS); ++i)
    reply = ask(context, {"SET", "key" + std::to_string(i), std::string(1000, 'v')});
  EXPECT_STREQ(reply->str, "OOM command not allowed when used memory > 'maxmemory'.");
  EXPECT_STREQ(ask(context, {"FLUSHALL"})->str, "OK");
  EXPECT_STREQ(ask(context, {"SET", "key", "v"})->str, "OK");
}

TEST_P(RespTest, ClosesASilentClientWhereItIsToldTo) {
  serve("timeout = \"100ms\"\n");
  HttpClient client{address()};
  client.send("PING\r\n");
  EXPECT_EQ(client.receive_until_closed(), "+PONG\r\n");
}

TEST_P(RespTest, LosesNoReplyWhenItIsToldToStop) {
  serve();
  HttpClient client{address()};
  client.send("SET k 1\r\n");
  EXPECT_EQ(client.receive_bytes_until("\r\n"), "+OK\r\n");
  std::string pipeline;
  for (int i = 0; i < 1000; ++i) pipeline += "INCR k\r\n";
  client.send(pipeline);
  EXPECT_EQ(client.receive_bytes_until(":1001\r\n").substr(0, 4), ":2\r\n");
  server_->expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
