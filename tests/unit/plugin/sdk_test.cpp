// The C++ interface as the host sees it, through a plugin that uses all of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/plugin/fakes.h"

namespace indrik::plugin {
namespace {

using testing::EndsWith;

std::string config_answer(const Config& config) {
  Mounted probe{test_plugin("sdk_probe"), config};
  if (!probe.error.empty()) return probe.error;
  FakeExchange exchange;
  probe.run("GET /config", exchange);
  return std::string{exchange.response.body()};
}

TEST(SdkConfigTest, GivesTheFallbackForWhatIsNotThere) {
  EXPECT_EQ(config_answer({}), "none 5 false 0.500000 100ms -");
}

TEST(SdkConfigTest, GivesEveryType) {
  EXPECT_EQ(config_answer(config_of({{"text", std::string{"t"}},
                                     {"count", std::int64_t{-9}},
                                     {"flag", true},
                                     {"ratio", 2.5},
                                     {"delay", std::int64_t{7}},
                                     {"items", std::vector<std::string>{"a", "b"}},
                                     {"small", std::int64_t{255}},
                                     {"nested.key", std::string{"deep"}}})),
            "t -9 true 2.500000 7ms a b small deep");
}

TEST(SdkConfigTest, ReadsDurationsWithTheirOwnUnit) {
  const auto delay = [](const char* text) { return config_answer(config_of({{"delay", std::string{text}}})); };
  EXPECT_EQ(delay("250ms"), "none 5 false 0.500000 250ms -");
  EXPECT_EQ(delay("1.5s"), "none 5 false 0.500000 1500ms -");
  EXPECT_EQ(delay("2m"), "none 5 false 0.500000 120000ms -");
  EXPECT_EQ(delay("3000us"), "none 5 false 0.500000 3ms -");
  EXPECT_EQ(config_answer(config_of({{"delay", 2.0}})), "none 5 false 0.500000 2ms -");
}

TEST(SdkConfigTest, RefusesWhatIsNoDurationOfTheUnit) {
  const auto delay = [](Config::Value value) { return config_answer(config_of({{"delay", std::move(value)}})); };
  EXPECT_THAT(delay(std::string{"abc"}), EndsWith("config key delay: expected a duration, got the string \"abc\""));
  EXPECT_THAT(delay(std::string{"5"}), EndsWith("expected a duration, got the string \"5\""));
  EXPECT_THAT(delay(std::string{"5 ms"}), EndsWith("expected a duration, got the string \"5 ms\""));
  EXPECT_THAT(delay(std::int64_t{-5}), EndsWith("expected a duration, got the integer -5"));
  EXPECT_THAT(delay(true), EndsWith("expected a duration, got the boolean true"));
  EXPECT_THAT(delay(std::string{"500us"}),
              EndsWith("expected a duration that is no finer than its unit, got the string "
                       "\"500us\""));
  EXPECT_THAT(delay(1e300), EndsWith("expected a duration, got the number 1e+300"));
}

TEST(SdkConfigTest, RefusesWrongTypesAndRanges) {
  const auto with = [](const char* key, Config::Value value) {
    return config_answer(config_of({{key, std::move(value)}}));
  };
  EXPECT_THAT(with("text", std::int64_t{1}), EndsWith("config key text: expected a string, got the integer 1"));
  EXPECT_THAT(with("count", 0.5), EndsWith("config key count: expected an integer, got the number 0.5"));
  EXPECT_THAT(with("count", std::int64_t{1} << 40), EndsWith("expected an integer from -2147483648 to 2147483647, got "
                                                             "the integer 1099511627776"));
  EXPECT_THAT(with("small", std::int64_t{256}), EndsWith("expected an integer from 0 to 255, got the integer 256"));
  EXPECT_THAT(with("flag", std::string{"yes"}), EndsWith("expected true or false, got the string \"yes\""));
  EXPECT_THAT(with("items", std::string{"a"}), EndsWith("expected an array of strings, got the string \"a\""));
  EXPECT_THAT(with("ratio", std::vector<std::string>{}), EndsWith("expected a number, got an array of strings"));
}

TEST(SdkConfigTest, RefusesWhatIsNotWithinARange) {
  const auto with = [](const char* key, Config::Value value) {
    return config_answer(config_of({{key, std::move(value)}}));
  };
  for (const std::int64_t fine : {1, 10})
    EXPECT_EQ(with("size", fine), "none 5 false 0.500000 100ms " + std::to_string(fine) + " -");
  for (const std::int64_t bad : {-5, 0, 11})
    EXPECT_THAT(with("size", bad),
                EndsWith("config key size: expected an integer from 1 to 10, got the integer " + std::to_string(bad)));
  EXPECT_THAT(with("size", true), EndsWith("config key size: expected an integer, got the boolean true"));
  EXPECT_EQ(with("wait", std::string{"2s"}), "none 5 false 0.500000 100ms 2000 -");
  for (const auto* const bad : {"4ms", "2001ms", "0s"})
    EXPECT_THAT(
        with("wait", std::string{bad}),
        EndsWith("config key wait: expected a duration from 5ms to 2s, got the string \"" + std::string{bad} + '"'));
}

/// What the plugins that come with the server make of numbers that mean nothing.
TEST(SdkConfigTest, IsRefusedByShippedPlugins) {
  struct Case {
    const char* plugin;
    const char* key;
    Config::Value value;
    const char* says;
  };
  const Case cases[] = {
      {"resp", "maxmemory", std::int64_t{-5}, "expected an integer from 0 to 9223372036854775807, got the integer -5"},
      {"resp", "proto_max_bulk_len", std::int64_t{0}, "expected an integer from 1 to 536870912, got the integer 0"},
      {"resp", "query_limit", std::int64_t{1} << 40,
       "expected an integer from 1 to 2147483648, got the integer 1099511627776"},
      {"resp", "timeout", std::int64_t{-1}, "expected a duration, got the integer -1"},
      {"redis", "pool_size", std::int64_t{0}, "expected an integer from 1 to 65536, got the integer 0"},
      {"redis", "timeout", std::int64_t{0}, "expected a duration from 1ms to 86400s, got the integer 0"},
      {"database", "pool_size", std::int64_t{-1}, "expected an integer from 1 to 65536, got the integer -1"},
      {"database", "connect_timeout", std::int64_t{1}, "expected a duration from 2s to 86400s, got the integer 1"},
      {"database", "timeout", std::string{"0s"}, "expected a duration from 1ms to 86400s, got the string \"0s\""},
      {"fetch", "max_size", std::int64_t{-1}, "expected an integer from 0 to 1099511627776, got the integer -1"},
      {"file", "max_size", std::int64_t{-1}, "expected an integer from 0 to 1099511627776, got the integer -1"},
      {"health", "delay_ms", std::int64_t{-1}, "expected a duration, got the integer -1"},
      {"stream", "pause", std::int64_t{-1}, "expected a duration, got the integer -1"},
      {"static", "max_age", std::int64_t{-1}, "expected a duration, got the integer -1"},
  };
  for (const auto& one : cases) {
    const Mounted mounted{shipped_plugin(one.plugin), config_of({{one.key, one.value},
                                                                 {"url", std::string{"http://localhost/"}},
                                                                 {"path", std::string{"/"}},
                                                                 {"root", std::string{"/"}}})};
    EXPECT_THAT(mounted.error, EndsWith("config key " + std::string{one.key} + ": " + one.says)) << one.plugin;
  }
}

TEST(SdkRequestTest, ShowsTheWholeRequest) {
  Mounted probe{test_plugin("sdk_probe")};
  FakeExchange exchange;
  const http::Field fields[] = {{"Accept", "x/y"}, {"Host", "h"}};
  const http::PathParameter params[] = {{"id", "7"}};
  exchange.request = {.method = "GET",
                      .target = "/request/7?raw=1",
                      .path = "/request/7",
                      .query = "&=x&a+b=%C3%A9+1%&raw=1&empty&raw=2",
                      .fields = fields,
                      .body = "body",
                      .params = params,
                      .peer = "192.0.2.1:1",
                      .remote = "192.0.2.2:2",
                      .scheme = "https",
                      .forwarded_host = "example.org",
                      .prefix = "/app"};
  probe.run("GET /request/{id}", exchange);
  EXPECT_EQ(exchange.response.body(),
            "GET|/request/7?raw=1|/request/"
            "7|&=x&a+b=%C3%A9+1%&raw=1&empty&raw=2|body|192.0.2.1:1|https|192.0.2.2:2|example.org|/app|7|-|x/y|"
            "\xC3\xA9 1%||1|Accept=x/y|Host=h");
}

TEST(SdkRequestTest, VisitsEveryFieldWhereTheyAreMany) {
  Mounted probe{test_plugin("sdk_probe")};
  FakeExchange exchange;
  const std::vector<http::Field> fields(40, {"N", "v"});
  exchange.request.fields = fields;
  probe.run("GET /request/{id}", exchange);
  const std::string body{exchange.response.body()};
  std::size_t count = 0;
  for (auto at = body.find("|N=v"); at != body.npos; at = body.find("|N=v", at + 1)) ++count;
  EXPECT_EQ(count, 40U);
}

TEST(SdkResponseTest, ReplacesTheContentTypeAndRepeatsOtherFields) {
  Mounted probe{test_plugin("sdk_probe")};
  FakeExchange exchange;
  probe.run("POST /answer", exchange);
  EXPECT_EQ(exchange.response.field_lines(), "content-TYPE: text/csv\r\nX-One: 1\r\nX-One: 2\r\n");
  EXPECT_EQ(exchange.response.body(), "b");
}

TEST(SdkResponseTest, HasShortFormsForTheUsualAnswers) {
  Mounted probe{test_plugin("sdk_probe")};
  FakeExchange html;
  FakeExchange json;
  FakeExchange status;
  probe.run("GET /html", html);
  probe.run("GET /json", json);
  probe.run("PUT /status", status);
  EXPECT_EQ(html.response.field_lines(), "Content-Type: text/html; charset=utf-8\r\n");
  EXPECT_EQ(json.response.field_lines(), "Content-Type: application/json\r\n");
  EXPECT_EQ(status.response.status(), 404);
  EXPECT_EQ(status.response.body(), "");
}

TEST(SdkTaskTest, AwaitsTasksValuesAndExceptions) {
  Mounted probe{test_plugin("sdk_probe")};
  FakeExchange exchange;
  exchange.request.query = "note=a%20b";
  auto& handler = probe.at("PATCH /sum");
  EXPECT_EQ(handler.flavours(), http::Handler::Flavours::async);
  handler.start(exchange);
  exchange.clock.advance(milliseconds{39});
  EXPECT_EQ(exchange.completions, 0);
  exchange.clock.advance(milliseconds{1});
  EXPECT_EQ(exchange.completions, 1);
  EXPECT_EQ(exchange.response.body(), "106 a b");
  EXPECT_EQ(exchange.clock.running(), 0U);
}

TEST(SdkTaskTest, KeepsWhatHandlersCapturedInEitherOrder) {
  Mounted probe{test_plugin("sdk_probe")};
  auto& handler = probe.at("DELETE /captured");
  EXPECT_EQ(handler.flavours(), http::Handler::Flavours::both);
  FakeExchange async;
  FakeExchange blocking;
  handler.start(async);
  async.clock.advance(milliseconds{5});
  handler.handle(blocking);
  EXPECT_EQ(async.response.body(), "captured");
  EXPECT_EQ(blocking.response.body(), "blocking captured");
}

TEST(SdkTaskTest, GoesOnAtOnceAfterASleepOfNothing) {
  Mounted probe{test_plugin("sdk_probe")};
  FakeExchange exchange;
  probe.run("GET /at-once", exchange);
  EXPECT_EQ(exchange.completions, 1);
  EXPECT_EQ(exchange.response.body(), "now");
}

TEST(SdkTaskTest, ServesManyAtOnce) {
  Mounted health{shipped_plugin("health")};
  std::vector<std::unique_ptr<FakeExchange>> exchanges;
  for (int i = 0; i < 100; ++i) {
    exchanges.push_back(std::make_unique<FakeExchange>());
    health.at("GET /health").start(*exchanges.back());
  }
  for (const auto& exchange : exchanges) {
    EXPECT_EQ(exchange->completions, 0);
    exchange->clock.advance(milliseconds{100});
    EXPECT_EQ(exchange->completions, 1);
    EXPECT_EQ(exchange->response.body(), "ok");
  }
}

}  // namespace
}  // namespace indrik::plugin
