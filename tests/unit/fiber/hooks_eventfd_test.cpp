// eventfd_read and eventfd_write, against libc's own.
#include <gmock/gmock.h>
#include <sys/eventfd.h>

#include "fiber/hook_families.h"
#include "unit/fiber/descriptor_conformance.h"

namespace indrik::fiber {
namespace {

constexpr eventfd_t kMost = ~eventfd_t{1};

Ends counter_of(eventfd_t value, int flags = 0) {
  Fd counter{::eventfd(0, EFD_CLOEXEC | flags)};
  Fd other{::dup(counter.get())};
  if (value > 0) put(counter, {reinterpret_cast<const char*>(&value), sizeof value});
  return {std::move(counter), std::move(other)};
}
Ends empty_counter() { return counter_of(0); }
Ends half_full_counter() { return counter_of(1000); }
Ends full_counter() { return counter_of(kMost); }

class EventfdTest : public DescriptorConformanceTest {
 protected:
  static Seen take(Ends& ends) {
    eventfd_t value = 5;
    auto seen = see([&] { return ::eventfd_read(ends.here.get(), &value); });
    seen.bytes = std::to_string(value);
    return seen;
  }
  static Seen add(Ends& ends) {
    return see([&] { return ::eventfd_write(ends.here.get(), 7); });
  }
};

TEST_F(EventfdTest, WaitsUntilThereIsSomethingToTake) {
  const auto seen = expect_same(empty_counter, take, [](Ends& ends) { ::eventfd_write(ends.there.get(), 3); });
  EXPECT_EQ(seen, (Seen{0, 77, "3"}));
}

TEST_F(EventfdTest, WaitsUntilThereIsRoom) {
  const auto make_room = [](Ends& ends) {
    eventfd_t value = 0;
    ::eventfd_read(ends.there.get(), &value);
    EXPECT_EQ(value, kMost);
  };
  EXPECT_EQ(expect_same(full_counter, add, make_room), (Seen{0, 77, ""}));
}

TEST_F(EventfdTest, DoesNotWaitForWhatIsThere) {
  EXPECT_EQ(expect_same_at_once(half_full_counter, take).bytes, "1000");
  EXPECT_EQ(expect_same_at_once(half_full_counter, add), (Seen{0, 77, ""}));
}

TEST_F(EventfdTest, DoesNotWaitWhereNobodyWantsTo) {
  const auto nonblocking = [] { return counter_of(0, EFD_NONBLOCK); };
  EXPECT_EQ(expect_same_at_once(nonblocking, take), (Seen{-1, EAGAIN, "5"}));
  const auto full = [] { return counter_of(kMost, EFD_NONBLOCK); };
  EXPECT_EQ(expect_same_at_once(full, add).error, EAGAIN);
}

TEST_F(EventfdTest, FailsOnWhatIsNoCounter) {
  const auto closed = [](Ends& ends) {
    ends.here.reset();
    return take(ends);
  };
  EXPECT_EQ(expect_same_at_once(empty_counter, closed).error, EBADF);
  expect_same_at_once(pipe_to_read, add);
  expect_same(pipe_to_read, take, [](Ends& ends) { ends.there.reset(); });
}

TEST_F(EventfdTest, EndsWhenItsTaskIsCancelledOrItsCounterIsClosed) {
  EXPECT_EQ(cancelled(empty_counter, take).error, ECANCELED);
  EXPECT_EQ(cancelled(full_counter, add).error, ECANCELED);
  EXPECT_EQ(closed(empty_counter, take).error, EBADF);
}

TEST(EventfdHooksTest, AreAllShownHere) {
  EXPECT_THAT(eventfd_hooks(), testing::UnorderedElementsAre("eventfd_read", "eventfd_write"));
}

}  // namespace
}  // namespace indrik::fiber
