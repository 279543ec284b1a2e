// Calls that wait for many descriptors: each against libc's own.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "fiber/hook_families.h"
#include "unit/fiber/descriptor_conformance.h"

extern "C" {
int __poll(pollfd*, nfds_t, int);
int __poll_chk(pollfd*, nfds_t, int, std::size_t);
int __ppoll_chk(pollfd*, nfds_t, const timespec*, const sigset_t*, std::size_t);
int __select(int, fd_set*, fd_set*, fd_set*, timeval*);
}

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

/// One way to wait until a descriptor is ready: `what` is in and out, of POLLIN, POLLOUT and POLLPRI. A negative time
/// is for ever. -1 for errors; else how many there are, as the call says.
struct Waiter {
  const char* name;
  int (*wait)(int descriptor, short& what, milliseconds timeout);
};

constexpr short kKnown = POLLIN | POLLOUT | POLLPRI;

std::optional<timespec> to_time(milliseconds timeout) {
  if (timeout < 0ms) return std::nullopt;
  return timespec{.tv_sec = timeout.count() / 1000, .tv_nsec = timeout.count() % 1000 * 1'000'000};
}
const timespec* pointer_to(const std::optional<timespec>& time) { return time ? &*time : nullptr; }

template <int (*Poll)(pollfd*, nfds_t, milliseconds)>
int by_poll(int descriptor, short& what, milliseconds timeout) {
  pollfd both[] = {{.fd = -5, .events = POLLIN, .revents = 0}, {.fd = descriptor, .events = what, .revents = 99}};
  const int result = Poll(both, 2, timeout);
  what = both[1].revents;
  return result;
}

int plain_poll(pollfd* all, nfds_t count, milliseconds timeout) {
  return ::poll(all, count, static_cast<int>(timeout.count()));
}
int alias_poll(pollfd* all, nfds_t count, milliseconds timeout) {
  return __poll(all, count, static_cast<int>(timeout.count()));
}
int checked_poll(pollfd* all, nfds_t count, milliseconds timeout) {
  return __poll_chk(all, count, static_cast<int>(timeout.count()), count * sizeof *all);
}
int plain_ppoll(pollfd* all, nfds_t count, milliseconds timeout) {
  const auto time = to_time(timeout);
  return ::ppoll(all, count, pointer_to(time), nullptr);
}
int checked_ppoll(pollfd* all, nfds_t count, milliseconds timeout) {
  const auto time = to_time(timeout);
  return __ppoll_chk(all, count, pointer_to(time), nullptr, count * sizeof *all);
}

template <int (*Select)(int, fd_set*, fd_set*, fd_set*, milliseconds)>
int by_select(int descriptor, short& what, milliseconds timeout) {
  struct {
    short event;
    fd_set set;
  } sets[] = {{POLLIN, {}}, {POLLOUT, {}}, {POLLPRI, {}}};
  for (auto& [event, set] : sets) {
    FD_ZERO(&set);
    if (descriptor >= 0 && (what & event) != 0) FD_SET(descriptor, &set);
  }
  const int result = Select(descriptor + 1, &sets[0].set, &sets[1].set, &sets[2].set, timeout);
  what = 0;
  for (auto& [event, set] : sets)
    if (descriptor >= 0 && FD_ISSET(descriptor, &set)) what = static_cast<short>(what | event);
  return result;
}

template <int (*Select)(int, fd_set*, fd_set*, fd_set*, timeval*)>
int plain_select(int count, fd_set* in, fd_set* out, fd_set* other, milliseconds timeout) {
  timeval time{.tv_sec = timeout.count() / 1000, .tv_usec = timeout.count() % 1000 * 1000};
  return Select(count, in, out, other, timeout < 0ms ? nullptr : &time);
}
int plain_pselect(int count, fd_set* in, fd_set* out, fd_set* other, milliseconds timeout) {
  const auto time = to_time(timeout);
  return ::pselect(count, in, out, other, pointer_to(time), nullptr);
}

template <int (*Wait)(int, epoll_event*, int, milliseconds)>
int by_epoll(int descriptor, short& what, milliseconds timeout) {
  const Fd set{::epoll_create1(EPOLL_CLOEXEC)};
  epoll_event event{.events = static_cast<std::uint32_t>(what), .data = {}};
  if (::epoll_ctl(set.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) return -1;
  event = {};
  const int result = Wait(set.get(), &event, 1, timeout);
  what = static_cast<short>(event.events);
  return result;
}
int plain_epoll_wait(int set, epoll_event* events, int room, milliseconds timeout) {
  return ::epoll_wait(set, events, room, static_cast<int>(timeout.count()));
}
int plain_epoll_pwait(int set, epoll_event* events, int room, milliseconds timeout) {
  return ::epoll_pwait(set, events, room, static_cast<int>(timeout.count()), nullptr);
}
int plain_epoll_pwait2(int set, epoll_event* events, int room, milliseconds timeout) {
  const auto time = to_time(timeout);
  return ::epoll_pwait2(set, events, room, pointer_to(time), nullptr);
}

constexpr Waiter kWaiters[] = {
    {"poll", by_poll<plain_poll>},
    {"__poll", by_poll<alias_poll>},
    {"__poll_chk", by_poll<checked_poll>},
    {"ppoll", by_poll<plain_ppoll>},
    {"__ppoll_chk", by_poll<checked_ppoll>},
    {"select", by_select<plain_select<::select>>},
    {"__select", by_select<plain_select<__select>>},
    {"pselect", by_select<plain_pselect>},
    {"epoll_wait", by_epoll<plain_epoll_wait>},
    {"epoll_pwait", by_epoll<plain_epoll_pwait>},
    {"epoll_pwait2", by_epoll<plain_epoll_pwait2>},
};

class PollTest : public DescriptorConformanceTest, public testing::WithParamInterface<Waiter> {
 protected:
  /// `bytes` are what was found.
  static Call wait(short what, milliseconds timeout) {
    return [=](Ends& ends) {
      short found = what;
      auto seen = see([&] { return GetParam().wait(ends.here.get(), found, timeout); });
      seen.bytes = std::to_string(found);
      return seen;
    };
  }
  static constexpr milliseconds kEver{-1};
};

TEST_P(PollTest, WaitsUntilThereIsSomethingToRead) {
  const auto put_one = [](Ends& ends) { put(ends.there, "x"); };
  for (const auto make : {unix_stream, udp, pipe_to_read})
    for (const auto timeout : {kEver, 5000ms})
      EXPECT_EQ(expect_same(make, wait(POLLIN, timeout), put_one), (Seen{1, 77, std::to_string(POLLIN)}));
}

Ends full_stream() {
  auto ends = unix_stream();
  const std::string some(4096, '-');
  while (::send(ends.here.get(), some.data(), some.size(), MSG_DONTWAIT) > 0) {
  }
  return ends;
}

void take_all(Ends& ends) {
  std::string room(65536, '-');
  while (::recv(ends.there.get(), room.data(), room.size(), MSG_DONTWAIT) > 0) {
  }
}

TEST_P(PollTest, WaitsUntilThereIsRoom) {
  EXPECT_EQ(expect_same(full_stream, wait(POLLOUT, kEver), take_all), (Seen{1, 77, std::to_string(POLLOUT)}));
}

TEST_P(PollTest, WaitsForEither) {
  EXPECT_EQ(expect_same(full_stream, wait(POLLIN | POLLOUT, kEver), take_all).bytes, std::to_string(POLLOUT));
}

TEST_P(PollTest, WaitsForUrgentBytes) {
  const auto urgent = [](Ends& ends) { EXPECT_EQ(::send(ends.there.get(), "!", 1, MSG_OOB), 1); };
  EXPECT_EQ(expect_same(tcp, wait(POLLPRI, kEver), urgent).bytes, std::to_string(POLLPRI));
}

TEST_P(PollTest, SeesTheEnd) {
  const auto close = [](Ends& ends) { ends.there.reset(); };
  expect_same(unix_stream, wait(POLLIN, kEver), close);
  expect_same(pipe_to_read, wait(POLLIN, kEver), close);
}

TEST_P(PollTest, ReturnsAtOnceWhereSomethingIsReady) {
  const auto ready = [](Ends& ends) {
    put(ends.there, "x");
    return wait(POLLIN | POLLOUT, kEver)(ends);
  };
  expect_same_at_once(unix_stream, ready);
}

TEST_P(PollTest, LooksAndReturns) {
  EXPECT_EQ(expect_same_at_once(unix_stream, wait(POLLIN, 0ms)), (Seen{0, 77, "0"}));
}

TEST_P(PollTest, ReturnsWhenTheTimeIsOver) {
  const auto before = Clock::now();
  EXPECT_EQ(expect_same_in_time(unix_stream, wait(POLLIN, 20ms)), (Seen{0, 77, "0"}));
  EXPECT_EQ(expect_same_in_time(unix_stream, wait(POLLPRI, 20ms)), (Seen{0, 77, "0"}));
  EXPECT_GE(Clock::now() - before, 80ms);
}

TEST_P(PollTest, EndsWhenTheTaskIsCancelled) {
  const auto seen = cancelled(unix_stream, wait(POLLIN, kEver));
  EXPECT_EQ(seen.result, -1);
  EXPECT_EQ(seen.error, ECANCELED);
}

TEST_P(PollTest, RefusesWhatLibcRefuses) {
  const auto of_closed = [](Ends& ends) {
    const int number = ends.here.get();
    ends.here.reset();
    short what = POLLIN;
    auto seen = see([&] { return GetParam().wait(number, what, kEver); });
    seen.bytes = std::to_string(what & ~kKnown);
    return seen;
  };
  expect_same_at_once(unix_stream, of_closed);
}

INSTANTIATE_TEST_SUITE_P(Calls, PollTest, testing::ValuesIn(kWaiters),
                         [](const auto& one) { return std::string{one.param.name}; });

class PollManyTest : public DescriptorConformanceTest {};

TEST_F(PollManyTest, FindsOneOfMany) {
  const auto call = [](Ends& ends) {
    std::vector<pollfd> many(100, pollfd{.fd = ends.here.get(), .events = POLLIN, .revents = 0});
    for (std::size_t i = 0; i < 50; ++i) many[i].fd = i % 2 == 0 ? -1 : ends.here.get();
    many[30].events = POLLPRI;
    auto seen = see([&] { return ::poll(many.data(), many.size(), -1); });
    for (const auto& one : many) seen.bytes += std::to_string(one.revents);
    return seen;
  };
  EXPECT_EQ(expect_same(tcp, call, [](Ends& ends) { put(ends.there, "x"); }).result, 75);
}

TEST_F(PollManyTest, SaysWhichOneAnotherFiberCloses) {
  const auto seen = closed(unix_stream, [](Ends& ends) {
    pollfd both[] = {{.fd = ends.here.get(), .events = POLLIN, .revents = 0},
                     {.fd = ends.there.get(), .events = POLLIN, .revents = 0}};
    auto poll = see([&] { return ::poll(both, 2, -1); });
    poll.bytes = std::to_string(both[0].revents) + " " + std::to_string(both[1].revents);
    return poll;
  });
  EXPECT_EQ(seen, (Seen{1, 77, std::to_string(POLLNVAL) + " 0"}));
}

TEST_F(PollManyTest, SleepsWithNothingToWaitFor) {
  const auto nothing = [](Ends&) { return see([] { return ::poll(nullptr, 0, 20); }); };
  expect_same_in_time(unix_stream, nothing);
}

TEST_F(PollManyTest, RefusesATimeThatIsNone) {
  const timespec wrong{.tv_sec = 0, .tv_nsec = 1'000'000'000};
  const auto call = [&](Ends& ends) {
    pollfd one{.fd = ends.here.get(), .events = POLLIN, .revents = 0};
    return see([&] { return ::ppoll(&one, 1, &wrong, nullptr); });
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, call).error, EINVAL);
  const auto select = [&](Ends& ends) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends.here.get(), &set);
    return see([&] { return ::pselect(ends.here.get() + 1, &set, nullptr, nullptr, &wrong, nullptr); });
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, select).error, EINVAL);
  const auto negative = [&](Ends&) {
    timeval time{.tv_sec = -1, .tv_usec = 0};
    return see([&] { return ::select(0, nullptr, nullptr, nullptr, &time); });
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, negative).error, EINVAL);
}

TEST_F(PollManyTest, RefusesDescriptorsThatAreNowhere) {
  const auto call = [](Ends&) {
    auto* volatile nowhere = reinterpret_cast<pollfd*>(8);
    return see([&] { return ::poll(nowhere, 1, -1); });
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, call).error, EFAULT);
}

class SelectTest : public DescriptorConformanceTest {};

TEST_F(SelectTest, SaysHowMuchTimeIsLeft) {
  const auto call = [](Ends& ends) {
    timeval time{.tv_sec = 5, .tv_usec = 0};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends.here.get(), &set);
    auto seen = see([&] { return ::select(ends.here.get() + 1, &set, nullptr, nullptr, &time); });
    seen.bytes = time.tv_sec < 5 ? "less" : "all";
    return seen;
  };
  EXPECT_EQ(expect_same(unix_stream, call, [](Ends& ends) { put(ends.there, "x"); }).bytes, "less");
}

TEST_F(SelectTest, TakesDescriptorsBeyondAnFdSet) {
  const auto call = [](Ends& ends) {
    const Fd high{::fcntl(ends.here.get(), F_DUPFD_CLOEXEC, 1500)};
    fd_set sets[2];
    FD_ZERO(&sets[0]);
    FD_ZERO(&sets[1]);
    auto* const words = reinterpret_cast<unsigned long*>(sets);
    const auto number = static_cast<std::size_t>(high.get());
    words[number / 64] |= 1UL << number % 64;
    auto seen = see([&] { return ::select(high.get() + 1, sets, nullptr, nullptr, nullptr); });
    seen.bytes = words[number / 64] == 1UL << number % 64 ? "found" : "not found";
    return seen;
  };
  EXPECT_EQ(expect_same(unix_stream, call, [](Ends& ends) { put(ends.there, "x"); }), (Seen{1, 77, "found"}));
}

TEST_F(SelectTest, EndsWhenAnotherFiberClosesTheDescriptor) {
  const auto seen = closed(unix_stream, [](Ends& ends) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends.here.get(), &set);
    return see([&] { return ::select(ends.here.get() + 1, &set, nullptr, nullptr, nullptr); });
  });
  EXPECT_EQ(seen, (Seen{-1, EBADF, ""}));
}

TEST_F(SelectTest, SleepsWithNothingToWaitFor) {
  const auto nothing = [](Ends&) {
    timeval time{.tv_sec = 0, .tv_usec = 20'000};
    return see([&] { return ::select(0, nullptr, nullptr, nullptr, &time); });
  };
  expect_same_in_time(unix_stream, nothing);
}

/// A hang-up is no event of select(2)'s exceptional ones, and yet the kernel's watch tells of it all the time.
TEST_F(SelectTest, DoesNotSpinOnAHangUp) {
  const auto hung_up = [](Ends& ends) {
    ends.there.reset();
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends.here.get(), &set);
    timeval time{.tv_sec = 0, .tv_usec = 50'000};
    return see([&] { return ::select(ends.here.get() + 1, nullptr, nullptr, &set, &time); });
  };
  EXPECT_EQ(expect_same_in_time(unix_stream, hung_up), (Seen{0, 77, ""}));
  Ends ends = unix_stream();
  start([&] { hung_up(ends); });
  int turns = 0;
  loop.run_until([&] { return ++turns > 1000 || running() == 0; });
  EXPECT_LT(turns, 100);
  finish();
}

class EpollTest : public DescriptorConformanceTest {};

TEST_F(EpollTest, EndsWhenAnotherFiberClosesTheSet) {
  Ends ends = unix_stream();
  Seen seen;
  Fd set{::epoll_create1(EPOLL_CLOEXEC)};
  start([&] {
    epoll_event event{};
    seen = see([&] { return ::epoll_wait(set.get(), &event, 1, -1); });
  });
  start([&] { set.reset(); });
  finish();
  EXPECT_EQ(seen, (Seen{-1, EBADF, ""}));
}

TEST_F(EpollTest, RefusesWhatLibcRefuses) {
  const auto none = [](Ends& ends) {
    epoll_event event{};
    return see([&] { return ::epoll_wait(ends.here.get(), &event, 1, -1); });
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, none).error, EINVAL);
  const auto no_room = [](Ends&) {
    const Fd set{::epoll_create1(EPOLL_CLOEXEC)};
    epoll_event event{};
    return see([&] { return ::epoll_wait(set.get(), &event, 0, -1); });
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, no_room).error, EINVAL);
}

/// A signal that the mask lets in is delivered, and told of.
TEST_F(PollManyTest, LetsInTheSignalsOfItsMask) {
  static int caught = 0;
  const auto before = ::signal(SIGUSR2, [](int) { ++caught; });
  sigset_t usr2{};
  ::sigemptyset(&usr2);
  ::sigaddset(&usr2, SIGUSR2);
  in_fiber(
      unix_stream,
      [&](Ends& ends) {
        sigset_t usual{};
        ::pthread_sigmask(SIG_BLOCK, &usr2, &usual);
        ::raise(SIGUSR2);
        EXPECT_EQ(caught, 0);
        pollfd one{.fd = ends.here.get(), .events = POLLIN, .revents = 0};
        const timespec time{.tv_sec = 0, .tv_nsec = 1'000'000};
        EXPECT_EQ(::ppoll(&one, 1, &time, &usual), 0);
        EXPECT_EQ(caught, 1);
        ::pthread_sigmask(SIG_SETMASK, &usual, nullptr);
        return Seen{};
      },
      {}, true);
  ::signal(SIGUSR2, before);
}

TEST(PollHooksTest, AreAllShownHere) {
  std::vector<std::string_view> shown;
  for (const auto& waiter : kWaiters) shown.emplace_back(waiter.name);
  std::vector<std::string_view> hooked;
  for (const auto family : {poll_hooks(), select_hooks(), epoll_hooks()})
    hooked.insert(hooked.end(), family.begin(), family.end());
  EXPECT_TRUE(std::is_permutation(shown.begin(), shown.end(), hooked.begin(), hooked.end()));
}

using PollDeathTest = PollLoopTest;

TEST_F(PollDeathTest, AbortsWhereLibcWouldForTooFewDescriptors) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  pollfd one{};
  EXPECT_DEATH(in_fiber([&] { __poll_chk(&one, 2, 0, sizeof one); }), "overflow");
  EXPECT_DEATH(in_fiber([&] { __ppoll_chk(&one, 2, nullptr, nullptr, sizeof one); }), "overflow");
}

}  // namespace
}  // namespace indrik::fiber
