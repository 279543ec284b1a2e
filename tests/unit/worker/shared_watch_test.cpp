#include "worker/shared_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>

#include "base/error.h"
#include "base/fd.h"

namespace indrik::worker {
namespace {

void ring(const Fd& bell) {
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(bell.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
}

void silence(const Fd& bell) {
  std::uint64_t count = 0;
  ASSERT_EQ(::read(bell.get(), &count, sizeof count), static_cast<ssize_t>(sizeof count));
}

class SharedWatchTest : public testing::Test {
 protected:
  void turn() { ev_run(loop.raw(), EVRUN_NOWAIT); }
  /// As libev does by itself when an event says that its set is out of step.
  void renew() {
    ev_loop_fork(loop.raw());
    turn();
    turn();
    turn();
  }

  Loop loop;
  Fd bell{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  int heard = 0;
  SharedWatch watch{loop, [this](int) { ++heard; }};
};

TEST_F(SharedWatchTest, HearsOnlyWhileArmed) {
  watch.watch(std::array{bell.get()});
  ring(bell);
  turn();
  EXPECT_EQ(heard, 0);
  ASSERT_TRUE(watch.arm());
  turn();
  turn();
  EXPECT_EQ(heard, 2);  // until it is silenced
  watch.disarm();
  turn();
  EXPECT_EQ(heard, 2);
}

TEST_F(SharedWatchTest, SteppingBackLosesNothing) {
  watch.watch(std::array{bell.get()});
  ASSERT_TRUE(watch.arm());
  ring(bell);
  watch.step_back(bell.get());
  turn();
  EXPECT_EQ(heard, 1);
}

TEST_F(SharedWatchTest, HearsAfterTheLoopHasMadeItselfANewSet) {
  watch.watch(std::array{bell.get()});
  ASSERT_TRUE(watch.arm());
  renew();
  ring(bell);
  turn();
  EXPECT_EQ(heard, 1);
  silence(bell);
  watch.disarm();
  renew();
  ring(bell);
  turn();
  EXPECT_EQ(heard, 1);
  ASSERT_TRUE(watch.arm());
  turn();
  EXPECT_EQ(heard, 2);
}

TEST_F(SharedWatchTest, HearsNothingWhenTheSetIsRenewedWhileDisarmed) {
  watch.watch(std::array{bell.get()});
  renew();
  ring(bell);
  turn();
  EXPECT_EQ(heard, 0);
  ASSERT_TRUE(watch.arm());
  turn();
  EXPECT_EQ(heard, 1);
}

TEST_F(SharedWatchTest, WorksWhereItCannotFindTheSet) {
  EXPECT_NE(Error::from_errno(EMFILE, "{}", "a first time").text(), "");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const Fd next{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const rlimit none{.rlim_cur = static_cast<rlim_t>(next.get()), .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  watch.watch(std::array{bell.get()});  // reads /proc, and cannot
  ::setrlimit(RLIMIT_NOFILE, &before);
  ring(bell);
  turn();
  EXPECT_EQ(heard, 0);
  ASSERT_TRUE(watch.arm());
  turn();
  EXPECT_EQ(heard, 1);
  watch.disarm();
  turn();
  EXPECT_EQ(heard, 1);
}

TEST_F(SharedWatchTest, ForgetsWhatIsClearedAndClosed) {
  watch.watch(std::array{bell.get()});
  ASSERT_TRUE(watch.arm());
  const Fd elsewhere{::fcntl(bell.get(), F_DUPFD_CLOEXEC, 0)};  // the kernel would go on telling of it
  watch.clear();
  bell.reset();
  ring(elsewhere);
  turn();
  EXPECT_EQ(heard, 0);
}

}  // namespace
}  // namespace indrik::worker
