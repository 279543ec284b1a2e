#include "base/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace indrik {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(FdTest, ClosesWhatItOwnsOnce) {
  int raw = -1;
  {
    const Fd fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    raw = fd.get();
    EXPECT_TRUE(is_open(raw));
  }
  EXPECT_FALSE(is_open(raw));
}

TEST(FdTest, MovesOwnershipAndLeavesNone) {
  Fd first{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const int raw = first.get();
  Fd second{std::move(first)};
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): the moved-from state is what is tested
  EXPECT_EQ(second.get(), raw);
  second = Fd{};
  EXPECT_FALSE(is_open(raw));
}

TEST(FdTest, GivesUpOwnershipOnRelease) {
  Fd fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const int raw = fd.release();
  EXPECT_FALSE(fd);
  EXPECT_TRUE(is_open(raw));
  ::close(raw);
}

}  // namespace
}  // namespace indrik
