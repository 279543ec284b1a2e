#include "plugin/instance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/mount.h"
#include "unit/plugin/fakes.h"

namespace indrik::plugin {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(MountTest, PutsTheMountBeforeThePattern) {
  EXPECT_EQ(join_mount("/", "/users"), "/users");
  EXPECT_EQ(join_mount("", "/users"), "/users");
  EXPECT_EQ(join_mount("/api", "/users"), "/api/users");
  EXPECT_EQ(join_mount("/api/", "/users"), "/api/users");
}

TEST(MountTest, TakesTheRootPatternAsTheMountItself) {
  EXPECT_EQ(join_mount("/api", "/"), "/api");
  EXPECT_EQ(join_mount("/api/", "/"), "/api/");
  EXPECT_EQ(join_mount("/", "/"), "/");
  EXPECT_EQ(join_mount("", "/"), "/");
}

TEST(InstanceTest, HandsOutRoutesUnderItsMount) {
  Mounted health{shipped_plugin("health"), {}, "/v1"};
  ASSERT_EQ(health.error, "");
  auto& handler = health.at("GET /v1/health");
  EXPECT_EQ(handler.plugin(), "health");
  EXPECT_EQ(handler.route(), "/v1/health");
  EXPECT_EQ(handler.flavours(), http::Handler::Flavours::both);
  EXPECT_EQ(health.instance->mount(), "/v1");
}

TEST(InstanceTest, LivesTwiceAtTwoPlaces) {
  Mounted first{shipped_plugin("health"), config_of({{"delay_ms", std::int64_t{1}}}), "/a"};
  Mounted second{shipped_plugin("health"), config_of({{"delay_ms", std::int64_t{50}}}), "/b"};
  FakeExchange a;
  FakeExchange b;
  first.at("GET /a/health").start(a);
  second.at("GET /b/health").start(b);
  a.clock.advance(milliseconds{1});
  b.clock.advance(milliseconds{1});
  EXPECT_EQ(a.completions, 1);
  EXPECT_EQ(b.completions, 0);
  b.clock.advance(milliseconds{49});
  EXPECT_EQ(b.completions, 1);
}

TEST(InstanceTest, TellsWhatTheSetupThrew) {
  const Mounted plugin{test_plugin("throwing_setup")};
  EXPECT_EQ(plugin.error, "plugin " + test_plugin("throwing_setup") + ": thrown while setting up");
}

TEST(InstanceTest, TellsTheNumberWhereThePluginSaysNothing) {
  const Mounted plugin{test_plugin("silent_failure")};
  EXPECT_THAT(plugin.error, EndsWith("silent_failure.so: create() returned -1 (INDRIK_E_FAILED)"));
}

TEST(InstanceTest, TellsWhatTheStartHookThrewAndDoesNotStopIt) {
  Mounted plugin{test_plugin("throwing_start")};
  ASSERT_EQ(plugin.error, "");
  const auto started = plugin.instance->start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().text(), "plugin " + test_plugin("throwing_start") + ": thrown by the start hook");
  plugin.instance->stop();
  EXPECT_THAT(plugin.lines, IsEmpty());
}

TEST(InstanceTest, RunsStartHooksAndStopHooksOnceAndLogsWhatTheyThrow) {
  Mounted plugin{test_plugin("sdk_probe")};
  ASSERT_TRUE(plugin.instance->start());
  plugin.instance->stop();
  plugin.instance->stop();
  EXPECT_THAT(plugin.lines,
              ElementsAre("1 sdk_probe: {started} text 7 0.5 true", "3 sdk_probe: stop hook: thrown by the stop hook",
                          "2 sdk_probe: stopped first"));
}

TEST(InstanceTest, StopsWhenItIsDestroyed) {
  Mounted plugin{test_plugin("sdk_probe")};
  ASSERT_TRUE(plugin.instance->start());
  plugin.routes.clear();
  plugin.instance.reset();
  EXPECT_THAT(plugin.lines, Contains("2 sdk_probe: stopped first"));
}

TEST(InstanceTest, RefusesAPluginWhoseRouteIsRefused) {
  const auto library = Library::open(shipped_plugin("hello"));
  ASSERT_TRUE(library);
  const RouteSink refuse = [](const auto&, const auto&, auto) { return Result<void>{fail(Error{"taken by another"})}; };
  const auto instance = Instance::create(*library, "/", {}, refuse, {});
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().text(), "plugin " + shipped_plugin("hello") + ": taken by another");
}

TEST(InstanceTest, WarnsOfKeysThatThePluginNeverAskedFor) {
  const Mounted plugin{shipped_plugin("health"), config_of({{"dealy_ms", std::int64_t{5}}, {"zebra", true}})};
  EXPECT_EQ(plugin.error, "");
  EXPECT_THAT(plugin.lines, ElementsAre("2 health: config key dealy_ms is not used, did you mean delay_ms?",
                                        "2 health: config key zebra is not used"));
}

TEST(InstanceTest, RefusesAWrongTypeInOneSentence) {
  const Mounted plugin{shipped_plugin("health"), config_of({{"delay_ms", std::string{"abc"}}})};
  EXPECT_THAT(plugin.error, EndsWith("config key delay_ms: expected a duration, got the string \"abc\""));
}

TEST(InstanceTest, RefusesAWrongTypeInPlainCToo) {
  const Mounted plugin{shipped_plugin("c_hello"), config_of({{"delay_ms", true}})};
  EXPECT_THAT(plugin.error, HasSubstr("config key delay_ms: expected an integer"));
}

}  // namespace
}  // namespace indrik::plugin
