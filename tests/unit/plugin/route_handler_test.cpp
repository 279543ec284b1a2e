#include "plugin/route_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/interfaces.h"
#include "unit/plugin/fakes.h"

namespace indrik::plugin {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(RouteHandlerTest, AnswersInBothFlavoursAlike) {
  Mounted hello{shipped_plugin("hello")};
  FakeExchange blocking;
  FakeExchange async;
  hello.at("GET /").handle(blocking);
  hello.at("GET /").start(async);
  for (const auto* exchange : {&blocking, &async}) {
    EXPECT_EQ(exchange->response.status(), 200);
    EXPECT_EQ(exchange->response.body(), "Hello, world!");
    EXPECT_EQ(exchange->response.field_lines(), "Content-Type: text/plain; charset=utf-8\r\n");
  }
  EXPECT_EQ(blocking.completions, 0);
  EXPECT_EQ(async.completions, 1);
}

TEST(RouteHandlerTest, CompletesWhenTheTimerOfACPluginFires) {
  Mounted plugin{shipped_plugin("c_hello")};
  FakeExchange exchange;
  plugin.at("GET /later").start(exchange);
  exchange.clock.advance(milliseconds{99});
  EXPECT_EQ(exchange.completions, 0);
  exchange.clock.advance(milliseconds{1});
  EXPECT_EQ(exchange.completions, 1);
  EXPECT_EQ(exchange.response.body(), "Hello from C!\n");
}

TEST(RouteHandlerTest, RunsTheExampleOfTheCHeader) {
  Mounted plugin{test_plugin("example_plugin_h")};
  ASSERT_EQ(plugin.error, "");
  FakeExchange exchange;
  plugin.run("GET /", exchange);
  EXPECT_EQ(exchange.response.body(), "Hello from C!\n");
}

TEST(RouteHandlerTest, RunsTheExampleOfTheCppHeader) {
  Mounted plugin{test_plugin("example_indrik_hpp"), config_of({{"greeting", std::string{"Hi"}}})};
  ASSERT_EQ(plugin.error, "");
  FakeExchange exchange;
  const http::PathParameter params[] = {{"name", "you"}};
  exchange.request.params = params;
  plugin.run("GET /hello/{name}", exchange);
  EXPECT_EQ(exchange.response.body(), "Hi, you!\n");
}

TEST(RouteHandlerTest, MakesAThrownExceptionA500InBothFlavours) {
  Mounted plugin{test_plugin("misbehaving")};
  FakeExchange blocking;
  plugin.at("GET /throw").handle(blocking);
  EXPECT_EQ(blocking.response.status(), 500);
  EXPECT_EQ(blocking.failure, "on purpose");
  EXPECT_THAT(std::string{blocking.response.body()}, Not(HasSubstr("purpose")));

  FakeExchange async;
  plugin.at("GET /throw").start(async);
  EXPECT_EQ(async.completions, 0);
  async.clock.advance(milliseconds{1});
  EXPECT_EQ(async.completions, 1);
  EXPECT_EQ(async.response.status(), 500);
  EXPECT_EQ(async.failure, "on purpose, later");
}

TEST(RouteHandlerTest, NamesTheTypeOfWhatIsNoStdException) {
  Mounted plugin{test_plugin("misbehaving")};
  FakeExchange blocking;
  FakeExchange async;
  plugin.at("GET /throw-int").handle(blocking);
  plugin.at("GET /throw-int").start(async);
  EXPECT_EQ(blocking.failure, "an exception of type int");
  EXPECT_EQ(async.failure, "an exception of type int");
  EXPECT_EQ(async.completions, 1);
}

TEST(RouteHandlerTest, CompletesOnceWhenAnAsyncHandlerThrowsBeforeItsCoroutine) {
  Mounted plugin{test_plugin("misbehaving")};
  FakeExchange exchange;
  plugin.at("GET /throw-before-coroutine").start(exchange);
  EXPECT_EQ(exchange.failure, "at once");
  EXPECT_EQ(exchange.completions, 1);
}

TEST(RouteHandlerTest, FailsAnAnswerThatTheServerRefuses) {
  Mounted plugin{test_plugin("misbehaving")};
  const auto failure_of = [&](const std::string& route) {
    FakeExchange exchange;
    plugin.run(route, exchange);
    EXPECT_EQ(exchange.response.status(), 500);
    EXPECT_EQ(exchange.response.field_lines().find("Set-Cookie"), std::string_view::npos);
    return exchange.failure;
  };
  EXPECT_EQ(failure_of("GET /bad-status"), "response status 99: not within 200 to 599");
  EXPECT_EQ(failure_of("GET /split"), "response field \"X-Split\": the value has control characters");
  EXPECT_EQ(failure_of("GET /reserved"), "response field \"Content-Length\": it is the server's");
}

/// Counts how often user data came back.
void count_frees(void* user_data) { ++*static_cast<int*>(user_data); }

TEST(RouteHandlerTest, GivesUserDataBackOnce) {
  int frees = 0;
  indrik_route route{.struct_size = sizeof route, .user_data = &frees, .free_user_data = count_frees};
  route.handle = [](void*, indrik_exchange*) -> std::int32_t { return INDRIK_OK; };
  {
    const RouteHandler handler{route, "p", "/"};
    EXPECT_EQ(handler.flavours(), http::Handler::Flavours::blocking);
    EXPECT_EQ(frees, 0);
  }
  EXPECT_EQ(frees, 1);
}

TEST(RouteHandlerTest, FailsTheExchangeForANumberThatIsNotZero) {
  indrik_route route{.struct_size = sizeof route};
  route.handle = [](void*, indrik_exchange*) -> std::int32_t { return INDRIK_E_NO_MEMORY; };
  route.start = [](void*, indrik_exchange*) -> std::int32_t { return -77; };
  RouteHandler handler{route, "p", "/"};
  FakeExchange blocking;
  handler.handle(blocking);
  EXPECT_EQ(blocking.failure, "the handler returned -5 (INDRIK_E_NO_MEMORY)");
  FakeExchange async;
  handler.start(async);
  EXPECT_EQ(async.failure, "the handler returned -77 (an unknown error)");
  EXPECT_EQ(async.completions, 1);
}

TEST(RouteHandlerTest, KeepsTheReasonThatThePluginGave) {
  indrik_route route{.struct_size = sizeof route};
  route.handle = [](void*, indrik_exchange* exchange) -> std::int32_t {
    kHttpResponse.fail(exchange, INDRIK_TEXT("no disk"));
    return INDRIK_E_FAILED;
  };
  RouteHandler handler{route, "p", "/"};
  FakeExchange exchange;
  handler.handle(exchange);
  EXPECT_EQ(exchange.failure, "no disk");
}

}  // namespace
}  // namespace indrik::plugin
