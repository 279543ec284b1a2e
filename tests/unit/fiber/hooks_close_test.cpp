// Calls that close descriptors: what waits for one is woken, and what they return is libc's.
#include <gmock/gmock.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <sys/wait.h>

#include <vector>

#include "base/no_park.h"
#include "fiber/hook_families.h"
#include "unit/fiber/descriptor_conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

/// One way to close a descriptor, or to put another file in its place.
struct Closer {
  const char* name;
  long (*close)(int descriptor, int other);
  bool replaces;
};

long by_close_range(int descriptor, int) {
  const auto number = static_cast<unsigned>(descriptor);
  return ::close_range(number, number, 0);
}

long by_closefrom(int descriptor, int) {
  ::closefrom(descriptor);
  return 0;
}

constexpr Closer kClosers[] = {
    {"close", [](int descriptor, int) -> long { return ::close(descriptor); }, false},
    {"__close", [](int descriptor, int) -> long { return __close(descriptor); }, false},
    {"dup2", [](int descriptor, int other) -> long { return ::dup2(other, descriptor) - descriptor; }, true},
    {"__dup2", [](int descriptor, int other) -> long { return __dup2(other, descriptor) - descriptor; }, true},
    {"dup3", [](int descriptor, int other) -> long { return ::dup3(other, descriptor, O_CLOEXEC) - descriptor; }, true},
    {"close_range", by_close_range, false},
    {"closefrom", by_closefrom, false},
    {"fclose", [](int descriptor, int) -> long { return ::fclose(::fdopen(descriptor, "r")); }, false},
};

class CloseTest : public DescriptorConformanceTest, public testing::WithParamInterface<Closer> {};

TEST_P(CloseTest, WakesThoseWhoWaitForTheDescriptor) {
  Ends ends = unix_stream();
  const Fd other{::dup(ends.there.get())};
  const int number = ::fcntl(ends.here.get(), F_DUPFD_CLOEXEC, 900);  // above all others: closefrom
  ASSERT_GE(number, 900);
  std::vector<Seen> seen(3);
  char room[2];
  start([&] { seen[0] = see([&] { return ::read(number, room, sizeof room); }); });
  start([&] { seen[1] = see([&] { return ::recv(number, room, sizeof room, 0); }); });
  start([&] { seen[2] = see([&] { return ::read(ends.there.get(), room, sizeof room); }); });
  long result = -1;
  start([&] { result = GetParam().close(number, other.get()); });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(::fcntl(number, F_GETFD) >= 0, GetParam().replaces);
  loop.run_until([&] { return running() == 1; });
  EXPECT_EQ(seen[0], (Seen{-1, EBADF, ""}));
  EXPECT_EQ(seen[1], (Seen{-1, EBADF, ""}));
  put(ends.here, "x");  // the one who waits for another descriptor still does
  finish();
  EXPECT_EQ(seen[2].result, 1);
  if (GetParam().replaces) ::close(number);
}

TEST_P(CloseTest, WakesThemFromTheLoopToo) {
  Ends ends = unix_stream();
  const Fd other{::dup(ends.there.get())};
  const int number = ::fcntl(ends.here.get(), F_DUPFD_CLOEXEC, 900);
  Seen seen;
  char room[2];
  start([&] { seen = see([&] { return ::read(number, room, sizeof room); }); });
  EXPECT_EQ(GetParam().close(number, other.get()), 0);
  EXPECT_EQ(running(), 1U);
  finish();
  EXPECT_EQ(seen, (Seen{-1, EBADF, ""}));
  if (GetParam().replaces) ::close(number);
}

INSTANTIATE_TEST_SUITE_P(Calls, CloseTest, testing::ValuesIn(kClosers),
                         [](const auto& one) { return std::string{one.param.name}; });

class NoCloseTest : public PollLoopTest {
 protected:
  /// Something that closes nothing, while a fiber waits.
  void expect_undisturbed(const std::function<void(int descriptor)>& call) {
    Ends ends = unix_stream();
    Seen seen;
    char room[2];
    start([&] { seen = see([&] { return ::read(ends.here.get(), room, sizeof room); }); });
    call(ends.here.get());
    loop.run_ready();
    EXPECT_EQ(running(), 1U);
    put(ends.there, "x");
    finish();
    EXPECT_EQ(seen.result, 1);
  }
};

TEST_F(NoCloseTest, LeavesThoseAloneWhoseDescriptorStaysOpen) {
  expect_undisturbed([](int descriptor) { EXPECT_EQ(::dup2(descriptor, descriptor), descriptor); });
  expect_undisturbed([](int descriptor) { EXPECT_EQ(::dup2(-1, descriptor), -1); });
  expect_undisturbed([](int descriptor) { EXPECT_EQ(::dup3(descriptor, descriptor, 0), -1); });
  expect_undisturbed([](int descriptor) { EXPECT_EQ(::dup3(0, descriptor, ~0), -1); });
  expect_undisturbed([](int descriptor) {
    const auto number = static_cast<unsigned>(descriptor);
    EXPECT_EQ(::close_range(number, number, CLOSE_RANGE_CLOEXEC), 0);
    EXPECT_EQ(::close_range(number, number - 1, 0), -1);
  });
  expect_undisturbed([](int) {
    EXPECT_EQ(::close(-1), -1);
    EXPECT_EQ(errno, EBADF);
  });
  expect_undisturbed([](int descriptor) { ::close(::dup(descriptor)); });
}

TEST(CloseHooksTest, AreAllShownHere) {
  std::vector<std::string_view> shown;
  for (const auto& closer : kClosers) shown.emplace_back(closer.name);
  EXPECT_THAT(shown, testing::UnorderedElementsAreArray(close_hooks()));
}

class NoParkTest : public PollLoopTest {};

TEST_F(NoParkTest, MakesCallsLibcsOwn) {
  auto ends = unix_stream();
  set_timeout(ends.here, SO_RCVTIMEO, 20ms);
  Seen seen;
  start([&] {
    const NoPark no_park;
    char room[2];
    seen = see([&] { return ::read(ends.here.get(), room, sizeof room); });
    pollfd one{.fd = ends.here.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&one, 1, 1), 0);
    ::usleep(1);
  });
  EXPECT_EQ(running(), 0U);
  EXPECT_EQ(seen, (Seen{-1, EAGAIN, ""}));
}

TEST_F(NoParkTest, HoldsInWhatAFiberForks) {
  int status = -1;
  start([&] {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(::usleep(1000) == 0 && ::poll(nullptr, 0, 1) == 0 ? 7 : 8);
    const NoPark no_park;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(running(), 1U);
  });
  EXPECT_EQ(WEXITSTATUS(status), 7);
  bool parked = true;
  start([&] {
    ::usleep(1000);  // the parent's still park
    parked = running() == 1;
  });
  EXPECT_EQ(running(), 1U);
  finish();
  EXPECT_TRUE(parked);
}

}  // namespace
}  // namespace indrik::fiber
