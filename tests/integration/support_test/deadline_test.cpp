#include "integration/support/deadline.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "base/fd.h"

namespace indrik::test {
namespace {

TEST(DeadlineTest, AwaitsAConditionThatComesTrue) {
  int looks = 0;
  EXPECT_TRUE(await([&] { return ++looks == 3; }));
}

TEST(DeadlineTest, GivesUpOnAConditionThatDoesNot) {
  EXPECT_FALSE(await([] { return false; }, milliseconds{5}));
}

TEST(DeadlineTest, AwaitsADescriptorUntilTheDeadlineOnly) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd reader{ends[0]}, writer{ends[1]};
  EXPECT_FALSE(await_fd(reader.get(), POLLIN, Deadline{milliseconds{5}}));
  ASSERT_EQ(::write(writer.get(), "x", 1), 1);
  EXPECT_TRUE(await_fd(reader.get(), POLLIN, Deadline{}));
}

}  // namespace
}  // namespace indrik::test
