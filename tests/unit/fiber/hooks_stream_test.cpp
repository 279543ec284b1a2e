// read(2) and write(2) with their relatives on what is no socket: pipes, terminals, descriptors of events, files.
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstdlib>
#include <span>
#include <vector>

#include "fiber/streams.h"
#include "unit/fiber/descriptor_conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

Ends event_counter() {
  Fd counter{::eventfd(0, EFD_CLOEXEC)};
  Fd copy{::dup(counter.get())};
  return {std::move(counter), std::move(copy)};
}

Ends full_pipe() {
  auto ends = pipe_to_write();
  const auto name = "/proc/self/fd/" + std::to_string(ends.here.get());
  const Fd nonblocking{::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)};  // another description of it
  while (::write(nonblocking.get(), "x", 1) == 1) {
  }
  return ends;
}

Ends terminal() {
  Fd outside{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  EXPECT_EQ(::grantpt(outside.get()), 0);
  EXPECT_EQ(::unlockpt(outside.get()), 0);
  char name[64];
  EXPECT_EQ(::ptsname_r(outside.get(), name, sizeof name), 0);
  return {Fd{::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)}, std::move(outside)};
}

Ends file() {
  Fd here{::memfd_create("file", MFD_CLOEXEC)};
  put(here, "0123456789");
  EXPECT_EQ(::lseek(here.get(), 0, SEEK_SET), 0);
  return {std::move(here), Fd{}};
}

struct Reader {
  const char* name;
  ssize_t (*read)(int descriptor, std::span<char> room);
};

ssize_t by_readv(int descriptor, std::span<char> room) {
  const auto half = room.size() / 2;
  const iovec parts[] = {{room.data(), half}, {room.data(), 0}, {room.data() + half, room.size() - half}};
  return ::readv(descriptor, parts, 3);
}

constexpr Reader kReaders[] = {
    {"read", [](int descriptor, std::span<char> room) { return ::read(descriptor, room.data(), room.size()); }},
    {"__read", [](int descriptor, std::span<char> room) { return __read(descriptor, room.data(), room.size()); }},
    {"__read_chk", [](int descriptor,
                      std::span<char> room) { return __read_chk(descriptor, room.data(), room.size(), room.size()); }},
    {"readv", by_readv},
};

class ReadTest : public DescriptorConformanceTest, public testing::WithParamInterface<Reader> {
 protected:
  static Call read(std::size_t size) {
    return [size](Ends& ends) {
      std::string room(size, '-');
      auto seen = see([&] { return GetParam().read(ends.here.get(), room); });
      seen.bytes = room.substr(0, static_cast<std::size_t>(std::max(0L, seen.result)));
      return seen;
    };
  }
};

TEST_P(ReadTest, WaitsForBytesInAPipe) {
  EXPECT_EQ(expect_same(pipe_to_read, read(10), [](Ends& ends) { put(ends.there, "hello"); }), (Seen{5, 77, "hello"}));
}

TEST_P(ReadTest, TakesWhatIsInAPipe) {
  const auto there = [](Ends& ends) {
    put(ends.there, "0123456789abcdef");
    return read(10)(ends);
  };
  EXPECT_EQ(expect_same_at_once(pipe_to_read, there).bytes, "0123456789");
}

TEST_P(ReadTest, SeesTheEndOfAPipe) {
  EXPECT_EQ(expect_same(pipe_to_read, read(10), [](Ends& ends) { ends.there.reset(); }).result, 0);
}

TEST_P(ReadTest, DoesNotWaitWhereNobodyWantsTo) {
  const auto nonblocking = [](Ends& ends) {
    set_nonblocking(ends.here);
    return read(8)(ends);
  };
  EXPECT_EQ(expect_same_at_once(pipe_to_read, nonblocking).error, EAGAIN);
  EXPECT_EQ(expect_same_at_once(event_counter, nonblocking).error, EAGAIN);
  EXPECT_EQ(expect_same_at_once(terminal, nonblocking).error, EAGAIN);
}

TEST_P(ReadTest, WaitsForAnEvent) {
  const auto seen = expect_same(event_counter, read(8), [](Ends& ends) { ::eventfd_write(ends.there.get(), 3); });
  EXPECT_EQ(seen.bytes, std::string("\3\0\0\0\0\0\0\0", 8));
}

TEST_P(ReadTest, WaitsForATimer) {
  const auto timer = [](Ends& ends) {
    ends.here.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    const itimerspec soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = 20'000'000}};
    EXPECT_EQ(::timerfd_settime(ends.here.get(), 0, &soon, nullptr), 0);
    return read(8)(ends);
  };
  EXPECT_EQ(expect_same_in_time(event_counter, timer).result, 8);
}

TEST_P(ReadTest, WaitsForASignal) {
  sigset_t all{};
  sigset_t before{};
  ::sigemptyset(&all);
  ::sigaddset(&all, SIGUSR1);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &all, &before), 0);
  const auto call = [&](Ends& ends) {
    ends.here.reset(::signalfd(-1, &all, SFD_CLOEXEC));
    auto seen = read(sizeof(signalfd_siginfo))(ends);
    seen.bytes.clear();
    return seen;
  };
  expect_same(event_counter, call, [](Ends&) { ::kill(::getpid(), SIGUSR1); });
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, &before, nullptr), 0);
}

TEST_P(ReadTest, WaitsForALineOfATerminal) {
  EXPECT_EQ(expect_same(terminal, read(20), [](Ends& ends) { put(ends.there, "a line\n"); }).bytes, "a line\n");
}

TEST_P(ReadTest, ReadsFilesAndDevices) {
  EXPECT_EQ(expect_same_at_once(file, read(4)).bytes, "0123");
  EXPECT_EQ(expect_same_at_once(file, read(20)).bytes, "0123456789");
  const auto nothing = [](Ends& ends) {
    ends.here.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
    return read(10)(ends);
  };
  EXPECT_EQ(expect_same_at_once(file, nothing), (Seen{0, 77, ""}));
  const auto folder = [](Ends& ends) {
    ends.here.reset(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return read(10)(ends);
  };
  EXPECT_EQ(expect_same_at_once(file, folder).error, EISDIR);
}

TEST_P(ReadTest, RefusesWhatLibcRefuses) {
  EXPECT_EQ(expect_same_at_once(pipe_to_write, read(10)).error, EBADF);
  EXPECT_EQ(expect_same_at_once(event_counter, read(4)).error, EINVAL);
  expect_same_at_once(pipe_to_read, read(0));
  const auto to_nowhere = [](Ends& ends) {
    put(ends.there, "hello");
    return see([&] { return GetParam().read(ends.here.get(), {reinterpret_cast<char*>(8), 10}); });
  };
  EXPECT_EQ(expect_same_at_once(pipe_to_read, to_nowhere).error, EFAULT);
}

TEST_P(ReadTest, EndsWhenTheTaskIsCancelled) {
  EXPECT_EQ(cancelled(pipe_to_read, read(10)), (Seen{-1, ECANCELED, ""}));
  EXPECT_EQ(cancelled(terminal, read(10)), (Seen{-1, ECANCELED, ""}));
}

TEST_P(ReadTest, EndsWhenAnotherFiberClosesTheDescriptor) {
  EXPECT_EQ(closed(pipe_to_read, read(10)), (Seen{-1, EBADF, ""}));
}

INSTANTIATE_TEST_SUITE_P(Calls, ReadTest, testing::ValuesIn(kReaders),
                         [](const auto& one) { return std::string{one.param.name}; });

struct Writer {
  const char* name;
  ssize_t (*write)(int descriptor, std::string_view bytes);
};

ssize_t by_writev(int descriptor, std::string_view bytes) {
  std::vector<iovec> parts(40);
  const auto size = bytes.size() / parts.size() + 1;
  for (auto& part : parts) {
    const auto some = bytes.substr(0, &part == &parts.back() ? bytes.size() : size);
    part = {const_cast<char*>(some.data()), some.size()};
    bytes.remove_prefix(some.size());
  }
  return ::writev(descriptor, parts.data(), static_cast<int>(parts.size()));
}

constexpr Writer kWriters[] = {
    {"write", [](int descriptor, std::string_view bytes) { return ::write(descriptor, bytes.data(), bytes.size()); }},
    {"__write", [](int descriptor, std::string_view bytes) { return __write(descriptor, bytes.data(), bytes.size()); }},
    {"writev", by_writev},
};

class WriteTest : public DescriptorConformanceTest, public testing::WithParamInterface<Writer> {
 protected:
  static Call write(std::string_view bytes) {
    return [bytes](Ends& ends) { return see([&] { return GetParam().write(ends.here.get(), bytes); }); };
  }

  void expect_refused_in_parts() {
    EXPECT_EQ(expect_same_at_once(event_counter, write("12345678")), (Seen{-1, EINVAL, ""}));
  }

  const std::string much = pattern(1'000'000);
};

TEST_P(WriteTest, GivesAllToAPipeBeforeItReturns) {
  std::string got;
  const auto ending = [&](Ends& ends) {
    auto seen = write(much)(ends);
    ends.here.reset();
    return seen;
  };
  const auto seen = expect_same(pipe_to_write, ending, [&](Ends& ends) { got = drain(ends.there); });
  EXPECT_EQ(seen, (Seen{1'000'000, 77, ""}));
  EXPECT_TRUE(got == much) << got.size();
}

TEST_P(WriteTest, GivesSmallPiecesToAPipeInOne) {
  const auto read_little = [](Ends& ends) {
    std::string all;
    char room[4096];
    while (all.find("whole") == std::string::npos)
      all.append(room, static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends.there.get(), room, sizeof room))));
  };
  EXPECT_EQ(expect_same(full_pipe, write("whole"), read_little), (Seen{5, 77, ""}));
}

TEST_P(WriteTest, GivesWhatFitsWhereNobodyWaits) {
  const auto nonblocking = [this](Ends& ends) {
    set_nonblocking(ends.here);
    auto first = write(much)(ends);
    first.bytes = std::to_string(write(much)(ends).error);
    return first;
  };
  const auto seen = expect_same_at_once(pipe_to_write, nonblocking);
  EXPECT_GT(seen.result, 0);
  EXPECT_LT(seen.result, 1'000'000);
  EXPECT_EQ(seen.bytes, std::to_string(EAGAIN));
}

TEST_P(WriteTest, FailsWithASignalWhenNobodyReads) {
  PipeSignals signals;
  const auto to_nobody = [&](Ends& ends) {
    ends.there.reset();
    auto seen = write("hello")(ends);
    seen.bytes = std::to_string(signals.take());
    return seen;
  };
  EXPECT_EQ(expect_same_at_once(pipe_to_write, to_nobody), (Seen{-1, EPIPE, "1"}));
}

TEST_P(WriteTest, ReturnsWhatWentBeforeTheReaderWasGone) {
  PipeSignals signals;
  const auto call = [&](Ends& ends) {
    auto seen = write(much)(ends);
    seen.bytes = seen.result > 0 && seen.result < 1'000'000 ? "some, signals: " : "?";
    seen.bytes += std::to_string(signals.take());
    seen.result = 0;  // how much it was is the kernel's affair
    return seen;
  };
  const auto read_some = [](Ends& ends) {
    char room[100'000];
    std::size_t got = 0;
    while (got < sizeof room) got += static_cast<std::size_t>(::read(ends.there.get(), room, sizeof room - got));
    ends.there.reset();
  };
  EXPECT_EQ(expect_same(pipe_to_write, call, read_some).bytes, "some, signals: 1");
}

TEST_P(WriteTest, AddsToACounterOfEvents) {
  if (GetParam().write == by_writev) return expect_refused_in_parts();
  const std::string one("\1\0\0\0\0\0\0\0", 8);
  EXPECT_EQ(expect_same_at_once(event_counter, write(one)).result, 8);
  const auto full = [&](Ends& ends) {
    ::eventfd_write(ends.there.get(), ~eventfd_t{1});
    return write(one)(ends);
  };
  const auto take = [](Ends& ends) {
    eventfd_t count = 0;
    ::eventfd_read(ends.there.get(), &count);
  };
  EXPECT_EQ(expect_same(event_counter, full, take).result, 8);
}

TEST_P(WriteTest, WritesToFilesDevicesAndTerminals) {
  EXPECT_EQ(expect_same_at_once(file, write(much)).result, 1'000'000);
  EXPECT_EQ(expect_same_at_once(terminal, write("a line\n")).result, 7);
  const auto nowhere = [this](Ends& ends) {
    ends.here.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
    return write(much)(ends);
  };
  EXPECT_EQ(expect_same_at_once(file, nowhere).result, 1'000'000);
}

TEST_P(WriteTest, RefusesWhatLibcRefuses) {
  EXPECT_EQ(expect_same_at_once(pipe_to_read, write("hello")).error, EBADF);
  EXPECT_EQ(expect_same_at_once(event_counter, write("hello")).error, EINVAL);
  expect_same_at_once(pipe_to_write, write(""));
  EXPECT_EQ(expect_same_at_once(pipe_to_write, write({reinterpret_cast<const char*>(8), 10})).error, EFAULT);
}

TEST_P(WriteTest, ReturnsWhatWentBeforeTheTaskWasCancelled) {
  const auto seen = cancelled(pipe_to_write, write(much));
  EXPECT_GT(seen.result, 0);
  EXPECT_LT(seen.result, 1'000'000);
  EXPECT_EQ(seen.error, 77);
  EXPECT_EQ(cancelled(full_pipe, write("more")), (Seen{-1, ECANCELED, ""}));
}

TEST_P(WriteTest, EndsWhenAnotherFiberClosesTheDescriptor) {
  EXPECT_EQ(closed(full_pipe, write("more")), (Seen{-1, EBADF, ""}));
}

INSTANTIATE_TEST_SUITE_P(Calls, WriteTest, testing::ValuesIn(kWriters),
                         [](const auto& one) { return std::string{one.param.name}; });

class VectorTest : public DescriptorConformanceTest {};

TEST_F(VectorTest, RefusesWhatIsNoVector) {
  for (const int count : {-1, 0, 1025}) {
    std::vector<char> room(1025);
    const std::vector<iovec> parts(1025, iovec{room.data(), 1});
    for (const auto make : {unix_stream, pipe_to_read})
      expect_same_at_once(
          make, [&](Ends& ends) { return see([&] { return ::readv(ends.here.get(), parts.data(), count); }); });
    for (const auto make : {unix_stream, pipe_to_write})
      expect_same_at_once(
          make, [&](Ends& ends) { return see([&] { return ::writev(ends.here.get(), parts.data(), count); }); });
  }
  for (const auto make : {unix_stream, tcp}) {
    const auto nowhere = [](Ends& ends) {
      const auto* volatile parts = reinterpret_cast<const iovec*>(8);
      return see([&] { return ::readv(ends.here.get(), parts, 2); });
    };
    EXPECT_EQ(expect_same_at_once(make, nowhere).error, EFAULT);
  }
}

TEST(KindTest, TellsWhatADescriptorIs) {
  EXPECT_EQ(kind_of(file().here.get()), Kind::file);
  EXPECT_EQ(kind_of(Fd{::open("/", O_RDONLY | O_CLOEXEC)}.get()), Kind::file);
  EXPECT_EQ(kind_of(Fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)}.get()), Kind::device);
  EXPECT_EQ(kind_of(pipe_to_read().here.get()), Kind::stream);
  EXPECT_EQ(kind_of(terminal().here.get()), Kind::stream);
  EXPECT_EQ(kind_of(event_counter().here.get()), Kind::stream);
  EXPECT_EQ(kind_of(-1), Kind::stream);
}

}  // namespace
}  // namespace indrik::fiber
