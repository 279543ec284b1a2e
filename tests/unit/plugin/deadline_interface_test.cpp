// "indrik.deadline/1" and what the C++ interface makes of it.
#include <gtest/gtest.h>

#include "plugin/interfaces.h"
#include "unit/plugin/fakes.h"

namespace indrik::plugin {
namespace {

TEST(DeadlineInterfaceTest, TellsTheDeadlineByTheMonotonicClock) {
  FakeExchange exchange;
  EXPECT_EQ(kDeadline.get(handle_of(exchange)), INDRIK_NO_DEADLINE);
  exchange.due = TimePoint{nanoseconds{1'500}};
  EXPECT_EQ(kDeadline.get(handle_of(exchange)), 1'500);
}

TEST(DeadlineInterfaceTest, ExtendsAndSaysHowFar) {
  FakeExchange exchange;
  EXPECT_EQ(kDeadline.extend(handle_of(exchange), 7), INDRIK_OK);
  EXPECT_EQ(exchange.asked_for, nanoseconds{7});
  exchange.extension = http::Exchange::Extension::at_bound;
  EXPECT_EQ(kDeadline.extend(handle_of(exchange), 8), INDRIK_E_OUT_OF_RANGE);
  exchange.extension = http::Exchange::Extension::too_late;
  EXPECT_EQ(kDeadline.extend(handle_of(exchange), 9), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kDeadline.extend(handle_of(exchange), -1), INDRIK_E_INVALID);
  EXPECT_EQ(exchange.asked_for, nanoseconds{9});
}

TEST(DeadlineInterfaceTest, TellsThatNobodyWaits) {
  FakeExchange exchange;
  EXPECT_EQ(kDeadline.cancelled(handle_of(exchange)), 0);
  EXPECT_EQ(kDeadline.client_gone(handle_of(exchange)), 0);
  exchange.is_cancelled = exchange.is_left = true;
  EXPECT_EQ(kDeadline.cancelled(handle_of(exchange)), 1);
  EXPECT_EQ(kDeadline.client_gone(handle_of(exchange)), 1);
}

TEST(DeadlineInterfaceTest, CallsEveryWatcherOnceButThoseThatForgot) {
  FakeExchange exchange;
  indrik_cancel_watch watches[3]{};
  int calls[3]{};
  const auto count = [](void* calls_of_one) { ++*static_cast<int*>(calls_of_one); };
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(kDeadline.on_cancel(handle_of(exchange), &watches[i], count, &calls[i]), INDRIK_OK);
  kDeadline.forget(&watches[1]);
  kDeadline.forget(&watches[1]);
  exchange.cancel();
  exchange.cancel();
  EXPECT_EQ(calls[0], 1);
  EXPECT_EQ(calls[1], 0);
  EXPECT_EQ(calls[2], 1);
  EXPECT_EQ(kDeadline.on_cancel(handle_of(exchange), &watches[1], count, &calls[1]), INDRIK_E_WRONG_PHASE);
}

TEST(DeadlineInterfaceTest, RefusesNothingToCall) {
  FakeExchange exchange;
  indrik_cancel_watch watch{};
  EXPECT_EQ(kDeadline.on_cancel(handle_of(exchange), &watch, nullptr, nullptr), INDRIK_E_INVALID);
  EXPECT_EQ(kDeadline.on_cancel(
                handle_of(exchange), nullptr, [](void*) {}, nullptr),
            INDRIK_E_INVALID);
  kDeadline.forget(nullptr);
}

TEST(SdkDeadlineTest, ThrowsCancelledOutOfASleepAndEnds) {
  Mounted health{shipped_plugin("health")};
  FakeExchange exchange;
  health.at("GET /health").start(exchange);
  EXPECT_EQ(exchange.completions, 0);
  exchange.cancel();
  EXPECT_EQ(exchange.completions, 0);  // not within the call: whoever cancels goes on undisturbed
  exchange.clock.advance(nanoseconds{0});
  EXPECT_EQ(exchange.completions, 1);
  EXPECT_EQ(exchange.failure, "cancelled");
  EXPECT_EQ(exchange.clock.running(), 0U);
}

TEST(SdkDeadlineTest, ThrowsCancelledAtTheNextSleepOfARequestAlreadyCancelled) {
  Mounted health{shipped_plugin("health")};
  FakeExchange exchange;
  exchange.is_cancelled = true;
  health.at("GET /health").start(exchange);
  EXPECT_EQ(exchange.completions, 1);
  EXPECT_EQ(exchange.clock.running(), 0U);
}

TEST(SdkDeadlineTest, LeavesNothingBehindWhenTheSleepEndsByItself) {
  Mounted health{shipped_plugin("health")};
  FakeExchange exchange;
  health.at("GET /health").start(exchange);
  exchange.clock.advance(milliseconds{100});
  EXPECT_EQ(exchange.completions, 1);
  exchange.cancel();
  EXPECT_EQ(exchange.response.body(), "ok");
  EXPECT_EQ(exchange.completions, 1);
}

TEST(SdkDeadlineTest, ShowsTheDeadlineInEveryWay) {
  Mounted probe{test_plugin("sdk_probe")};
  FakeExchange exchange;
  probe.run("GET /deadline", exchange);
  EXPECT_EQ(exchange.response.body(), "never extended");
  EXPECT_EQ(exchange.asked_for, milliseconds{5});
  FakeExchange late;
  late.due = TimePoint{seconds{1}};
  late.is_cancelled = late.is_left = true;
  late.extension = http::Exchange::Extension::too_late;
  probe.run("GET /deadline", late);
  EXPECT_EQ(late.response.body(), "cancelled gone");
}

}  // namespace
}  // namespace indrik::plugin
