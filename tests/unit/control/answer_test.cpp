#include "control/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indrik::control {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Answer there_and_back(const Answer& answer) {
  const auto line = encode(answer);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  return *decode(std::string_view{line}.substr(0, line.size() - 1));
}

TEST(AnswerTest, IsOneLineOfJson) {
  EXPECT_EQ(encode({.outcome = Outcome::ok, .text = "stopped"}), "{\"status\":\"ok\",\"text\":\"stopped\"}\n");
  EXPECT_EQ(encode({.outcome = Outcome::failed, .text = "a\n\"b\"", .generation = 2}),
            "{\"generation\":2,\"status\":\"failed\",\"text\":\"a\\n\\\"b\\\"\"}\n");
}

TEST(AnswerTest, IsReadAsItWasWritten) {
  const Answer answer{.outcome = Outcome::refused, .text = "the server stops", .generation = 7};
  const auto back = there_and_back(answer);
  EXPECT_EQ(back.outcome, answer.outcome);
  EXPECT_EQ(back.text, answer.text);
  EXPECT_EQ(back.generation, answer.generation);
  EXPECT_FALSE(back.server);
}

TEST(AnswerTest, TellsHowTheServerFares) {
  Status status{.version = "1.2.3", .pid = 4711, .state = "serving", .uptime = 99, .generation = 3};
  status.listeners = {"127.0.0.1:8080", "https://[::1]:443"};
  status.last_reload = {.result = "failed", .text = "x.toml:3: no", .age = 5};
  status.closed_routes = {{.route = "route /a of plugin b", .opens_in = 12}};
  status.workers = {{.number = 1, .pid = 4712, .state = "ready", .worker_class = "green", .requests = 1ULL << 60}};
  const auto back = there_and_back({.server = status});
  ASSERT_TRUE(back.server);
  EXPECT_EQ(back.server->version, "1.2.3");
  EXPECT_EQ(back.server->pid, 4711);
  EXPECT_EQ(back.server->listeners, status.listeners);
  EXPECT_EQ(back.server->last_reload.text, "x.toml:3: no");
  EXPECT_EQ(back.server->closed_routes.at(0).opens_in, 12);
  EXPECT_EQ(back.server->workers.at(0).worker_class, "green");
  EXPECT_EQ(back.server->workers.at(0).requests, 1ULL << 60);
}

TEST(AnswerTest, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(encode({.text = "a\xff"}), "{\"status\":\"ok\",\"text\":\"a\xef\xbf\xbd\"}\n");
}

TEST(AnswerTest, PassesOverWhatItDoesNotKnow) {
  const auto answer = decode(R"({"more":[1,{}],"status":"ok","server":{"pid":3,"colour":"blue","workers":[{}]}})");
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->server->pid, 3);
  EXPECT_EQ(answer->server->workers.size(), 1U);
}

TEST(AnswerTest, RefusesWhatIsNoAnswer) {
  for (const auto* line : {"", "[]", "7", "{}", "{\"status\":\"fine\"}", "{\"status\":1}", "{\"status\":\"ok\"",
                           "{\"status\":\"ok\",\"text\":7}", "{\"status\":\"ok\",\"server\":[]}"}) {
    const auto answer = decode(line);
    ASSERT_FALSE(answer) << line;
    EXPECT_THAT(answer.error().text(), StartsWith("the answer is not understood: "));
  }
}

}  // namespace
}  // namespace indrik::control
