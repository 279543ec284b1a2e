#include "plugin/interfaces.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "plugin/abi_text.h"
#include "unit/plugin/fakes.h"

namespace indrik::plugin {
namespace {

int frees = 0;

indrik_route route_for(const char* pattern) {
  indrik_route route{.struct_size = sizeof route, .method = INDRIK_TEXT("GET"), .pattern = text_of(pattern)};
  route.handle = [](void*, indrik_exchange*) -> std::int32_t { return INDRIK_OK; };
  route.free_user_data = [](void*) { ++frees; };
  return route;
}

TEST(RoutesInterfaceTest, TakesRoutesWithinCreateOnly) {
  Host host{"p", {}};
  char error[64] = "";
  frees = 0;
  const auto route = route_for("/a");
  EXPECT_EQ(kHttpRoutes.add(&host, &route, error, sizeof error), INDRIK_E_WRONG_PHASE);
  EXPECT_STREQ(error, "routes can be added within create() only");
  EXPECT_EQ(frees, 1);
}

TEST(RoutesInterfaceTest, RefusesARouteWithoutAHandlerAndFreesItsData) {
  Host host{"p", {}};
  const RouteSink sink = [](const auto&, const auto&, auto) { return Result<void>{}; };
  host.routes = &sink;
  auto route = route_for("/a");
  route.handle = nullptr;
  frees = 0;
  char error[64] = "";
  EXPECT_EQ(kHttpRoutes.add(&host, &route, error, sizeof error), INDRIK_E_INVALID);
  EXPECT_STREQ(error, "route /a: no handler");
  EXPECT_EQ(frees, 1);
}

TEST(RoutesInterfaceTest, CutsItsErrorToTheRoomGiven) {
  Host host{"p", {}};
  const auto route = route_for("/a");
  char error[8] = "xxxxxxx";
  EXPECT_EQ(kHttpRoutes.add(&host, &route, error, sizeof error), INDRIK_E_WRONG_PHASE);
  EXPECT_STREQ(error, "routes ");
  EXPECT_EQ(kHttpRoutes.add(&host, &route, nullptr, 0), INDRIK_E_WRONG_PHASE);
}

TEST(RoutesInterfaceTest, RefusesARouteOfNoSize) {
  Host host{"p", {}};
  const indrik_route route{};
  EXPECT_EQ(kHttpRoutes.add(&host, &route, nullptr, 0), INDRIK_E_INVALID);
  EXPECT_EQ(kHttpRoutes.add(&host, nullptr, nullptr, 0), INDRIK_E_INVALID);
}

TEST(RequestInterfaceTest, WritesNoFurtherThanThePluginsStruct) {
  FakeExchange exchange;
  struct {
    indrik_request request{};
    std::uint64_t after = 42;
  } room;
  room.request.struct_size = sizeof room.request;
  EXPECT_EQ(kHttpRequest.read(handle_of(exchange), &room.request), INDRIK_OK);
  EXPECT_EQ(view_of(room.request.method), "GET");
  EXPECT_EQ(room.after, 42U);
  room.request.struct_size = 8;
  EXPECT_EQ(kHttpRequest.read(handle_of(exchange), &room.request), INDRIK_E_INVALID);
}

TEST(RequestInterfaceTest, WritesWhatAnOlderPluginsStructHasAndNoMore) {
  FakeExchange exchange;
  exchange.request.remote = "192.0.2.1:1";
  indrik_request request{};
  request.struct_size = offsetof(indrik_request, remote);
  EXPECT_EQ(kHttpRequest.read(handle_of(exchange), &request), INDRIK_OK);
  EXPECT_EQ(view_of(request.method), "GET");
  EXPECT_EQ(request.remote.size, 0U);
  request.struct_size = sizeof request;
  EXPECT_EQ(kHttpRequest.read(handle_of(exchange), &request), INDRIK_OK);
  EXPECT_EQ(view_of(request.remote), "192.0.2.1:1");
}

TEST(RequestInterfaceTest, SaysWhichHostWasAskedFor) {
  FakeExchange exchange;
  const http::Field fields[] = {{"Host", "sent"}};
  exchange.request.fields = fields;
  indrik_request request{.struct_size = sizeof request};
  EXPECT_EQ(kHttpRequest.read(handle_of(exchange), &request), INDRIK_OK);
  EXPECT_EQ(view_of(request.host), "sent");
  exchange.request.forwarded_host = "told";
  EXPECT_EQ(kHttpRequest.read(handle_of(exchange), &request), INDRIK_OK);
  EXPECT_EQ(view_of(request.host), "told");
}

TEST(RequestInterfaceTest, CopiesFieldsInParts) {
  FakeExchange exchange;
  const http::Field all[] = {{"A", "1"}, {"B", "2"}, {"C", "3"}};
  exchange.request.fields = all;
  indrik_field out[2];
  EXPECT_EQ(kHttpRequest.fields(handle_of(exchange), 0, out, 2), 2U);
  EXPECT_EQ(view_of(out[1].name), "B");
  EXPECT_EQ(kHttpRequest.fields(handle_of(exchange), 2, out, 2), 1U);
  EXPECT_EQ(view_of(out[0].value), "3");
  EXPECT_EQ(kHttpRequest.fields(handle_of(exchange), 3, out, 2), 0U);
  EXPECT_EQ(kHttpRequest.fields(handle_of(exchange), std::numeric_limits<std::uint64_t>::max(), out, 2), 0U);
}

TEST(RequestInterfaceTest, FindsFieldsWithoutCaseAndParametersWithIt) {
  FakeExchange exchange;
  const http::Field fields[] = {{"Accept", "x"}};
  const http::PathParameter params[] = {{"id", "7"}};
  exchange.request.fields = fields;
  exchange.request.params = params;
  indrik_text value{};
  EXPECT_EQ(kHttpRequest.field(handle_of(exchange), INDRIK_TEXT("accept"), &value), INDRIK_OK);
  EXPECT_EQ(view_of(value), "x");
  EXPECT_EQ(kHttpRequest.field(handle_of(exchange), INDRIK_TEXT("host"), &value), INDRIK_E_NOT_FOUND);
  EXPECT_EQ(kHttpRequest.param(handle_of(exchange), INDRIK_TEXT("id"), &value), INDRIK_OK);
  EXPECT_EQ(view_of(value), "7");
  EXPECT_EQ(kHttpRequest.param(handle_of(exchange), INDRIK_TEXT("ID"), &value), INDRIK_E_NOT_FOUND);
}

TEST(ResponseInterfaceTest, RefusesWhatIsNoAnswer) {
  FakeExchange exchange;
  auto* handle = handle_of(exchange);
  EXPECT_EQ(kHttpResponse.set_status(handle, 199), INDRIK_E_OUT_OF_RANGE);
  EXPECT_EQ(kHttpResponse.set_status(handle, 600), INDRIK_E_OUT_OF_RANGE);
  EXPECT_EQ(kHttpResponse.add_field(handle, INDRIK_TEXT("a b"), INDRIK_TEXT("1")), INDRIK_E_BAD_NAME);
  EXPECT_EQ(kHttpResponse.add_field(handle, INDRIK_TEXT("a"), INDRIK_TEXT("1\n2")), INDRIK_E_BAD_VALUE);
  EXPECT_EQ(kHttpResponse.add_field(handle, INDRIK_TEXT("Date"), INDRIK_TEXT("1")), INDRIK_E_RESERVED_FIELD);
  EXPECT_EQ(exchange.response.status(), 200);
  EXPECT_EQ(exchange.response.field_lines(), "");
}

TEST(ResponseInterfaceTest, ChangesNothingAfterAFailure) {
  FakeExchange exchange;
  auto* handle = handle_of(exchange);
  EXPECT_EQ(kHttpResponse.append_body(handle, INDRIK_TEXT("half")), INDRIK_OK);
  EXPECT_EQ(kHttpResponse.fail(handle, {nullptr, 0}), INDRIK_OK);
  EXPECT_EQ(kHttpResponse.set_status(handle, 200), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kHttpResponse.append_body(handle, INDRIK_TEXT("more")), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(exchange.response.status(), 500);
  EXPECT_EQ(exchange.response.body(), "Internal Server Error\n");
}

TEST(AsyncInterfaceTest, StartsAndCancelsTimersInThePluginsMemory) {
  FakeExchange exchange;
  auto* handle = handle_of(exchange);
  indrik_timer timer{};
  int fired = 0;
  const auto count = [](void* context) { ++*static_cast<int*>(context); };
  EXPECT_EQ(kAsync.start_timer(handle, &timer, 1000, count, &fired), INDRIK_OK);
  kAsync.cancel_timer(handle, &timer);
  exchange.clock.advance(nanoseconds{1000});
  EXPECT_EQ(fired, 0);
  EXPECT_EQ(kAsync.start_timer(handle, &timer, 1000, count, &fired), INDRIK_OK);
  exchange.clock.advance(nanoseconds{999});
  EXPECT_EQ(fired, 0);
  exchange.clock.advance(nanoseconds{1});
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(kAsync.start_timer(handle, nullptr, 0, count, &fired), INDRIK_E_INVALID);
  EXPECT_EQ(kAsync.start_timer(handle, &timer, 0, nullptr, &fired), INDRIK_E_INVALID);
}

TEST(ConfigInterfaceTest, TellsEachTypeAsItIs) {
  Host host{"p", {}};
  host.settings = config_of({{"s", std::string{"x"}},
                             {"i", std::int64_t{-3}},
                             {"f", 0.25},
                             {"b", true},
                             {"a", std::vector<std::string>{"one", "two"}}});
  const auto get = [&](std::string_view key) {
    indrik_config_value value{.struct_size = sizeof value};
    EXPECT_EQ(kConfig.get(&host, text_of(key), &value), INDRIK_OK) << key;
    return value;
  };
  EXPECT_EQ(view_of(get("s").string), "x");
  EXPECT_EQ(get("s").type, std::uint32_t{INDRIK_CONFIG_STRING});
  EXPECT_EQ(get("i").integer, -3);
  EXPECT_EQ(get("f").floating, 0.25);
  EXPECT_EQ(get("b").boolean, 1U);
  EXPECT_EQ(get("a").count, 2U);
  indrik_text item{};
  EXPECT_EQ(kConfig.item(&host, INDRIK_TEXT("a"), 1, &item), INDRIK_OK);
  EXPECT_EQ(view_of(item), "two");
  EXPECT_EQ(kConfig.item(&host, INDRIK_TEXT("a"), 2, &item), INDRIK_E_OUT_OF_RANGE);
  EXPECT_EQ(kConfig.item(&host, INDRIK_TEXT("s"), 0, &item), INDRIK_E_NOT_FOUND);
}

TEST(ConfigInterfaceTest, SaysWhatIsNotThereAndWhatHasNoRoom) {
  Host host{"p", {}};
  host.settings = config_of({{"b", true}});
  indrik_config_value value{.struct_size = sizeof value};
  EXPECT_EQ(kConfig.get(&host, INDRIK_TEXT("c"), &value), INDRIK_E_NOT_FOUND);
  value.struct_size = 4;
  EXPECT_EQ(kConfig.get(&host, INDRIK_TEXT("b"), &value), INDRIK_E_INVALID);
}

TEST(HostTest, FindsInterfacesByNameAndRevision) {
  const Host host{"p", {}};
  EXPECT_EQ(host.get_interface(&host, INDRIK_CONFIG), &kConfig);
  EXPECT_EQ(host.get_interface(&host, "indrik.config/2"), nullptr);
  EXPECT_EQ(host.get_interface(&host, nullptr), nullptr);
}

TEST(HostTest, LogsUnderThePluginsNameAndTakesUnknownLevelsAsCritical) {
  std::vector<std::pair<log::Level, std::string>> lines;
  const Host host{"p", [&](log::Level level, std::string_view text) { lines.emplace_back(level, text); }};
  host.log(&host, INDRIK_LOG_DEBUG, INDRIK_TEXT("one"));
  host.log(&host, 99, INDRIK_TEXT("two"));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], (std::pair{log::Level::debug, std::string{"p: one"}}));
  EXPECT_EQ(lines[1], (std::pair{log::Level::critical, std::string{"p: two"}}));
}

TEST(HostTest, LogsNoSecretOfItsConfiguration) {
  std::string line;
  Host host{"p", [&](log::Level, std::string_view text) { line = text; }};
  host.settings.hide("hunter2", "env:PASSWORD");
  host.log(&host, INDRIK_LOG_INFO, INDRIK_TEXT("as user:hunter2@host"));
  EXPECT_EQ(line, "p: as user:env:PASSWORD@host");
}

}  // namespace
}  // namespace indrik::plugin
