#include "process/closed_routes.h"

#include <gtest/gtest.h>

namespace indrik::process {
namespace {

TEST(ClosedRoutesTest, KnowsWhatIsClosedAndUntilWhen) {
  ClosedRoutes closed;
  EXPECT_FALSE(closed.any());
  EXPECT_TRUE(closed.close(7, 100));
  EXPECT_TRUE(closed.any());
  EXPECT_EQ(closed.closed_until(7), 100);
  EXPECT_EQ(closed.closed_until(8), 0);
  EXPECT_TRUE(closed.close(7, 200));
  EXPECT_EQ(closed.closed_until(7), 200);
  closed.open(7);
  EXPECT_FALSE(closed.any());
  EXPECT_EQ(closed.closed_until(7), 0);
}

TEST(ClosedRoutesTest, RefusesMoreThanItHasRoomFor) {
  ClosedRoutes closed;
  for (std::uint64_t key = 1; key <= ClosedRoutes::kMost; ++key) EXPECT_TRUE(closed.close(key, 1));
  EXPECT_FALSE(closed.close(1000, 1));
  closed.open(5);
  EXPECT_TRUE(closed.close(1000, 1));
}

TEST(ClosedRoutesTest, TellsPluginAndPatternApart) {
  EXPECT_EQ(route_key("a", "/b"), route_key("a", "/b"));
  EXPECT_NE(route_key("a", "/b"), route_key("a/", "b"));
  EXPECT_NE(route_key("", ""), 0U);
}

}  // namespace
}  // namespace indrik::process
