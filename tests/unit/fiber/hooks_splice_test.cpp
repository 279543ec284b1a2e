// splice, tee and vmsplice, against libc's own.
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include <algorithm>
#include <vector>

#include "fiber/hook_families.h"
#include "unit/fiber/descriptor_conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPipe = 65536;  // pipe(7)

/// What is in a pipe now.
std::string take_some(const Fd& pipe, std::size_t size = kPipe) {
  std::string room(size, '-');
  room.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(pipe.get(), room.data(), room.size()))));
  return room;
}

Ends full_pipe() {
  auto ends = pipe_to_write();
  put(ends.here, std::string(kPipe, 'f'));
  return ends;
}

void make_room(Ends& ends) { EXPECT_EQ(take_some(ends.there).size(), kPipe); }

/// Between two pipes.
struct Mover {
  const char* name;
  ssize_t (*move)(int in, int out, std::size_t size, unsigned flags);
};

constexpr Mover kMovers[] = {
    {"splice", [](int in, int out, std::size_t size,
                  unsigned flags) { return ::splice(in, nullptr, out, nullptr, size, flags); }},
    {"tee", [](int in, int out, std::size_t size, unsigned flags) { return ::tee(in, out, size, flags); }},
};

class PipeToPipeTest : public DescriptorConformanceTest, public testing::WithParamInterface<Mover> {
 protected:
  /// And what has arrived.
  static Seen from(Ends& ends, std::size_t size, unsigned flags = 0, bool nonblocking = false) {
    const auto other = pipe_to_write();
    if (nonblocking) set_nonblocking(other.here);
    auto seen = see([&] { return GetParam().move(ends.here.get(), other.here.get(), size, flags); });
    if (seen.result > 0) seen.bytes = take_some(other.there);
    return seen;
  }
  static Seen to(Ends& ends, unsigned flags = 0, bool nonblocking = false) {
    const auto other = pipe_to_read();
    put(other.there, "abc");
    if (nonblocking) set_nonblocking(other.here);
    return see([&] { return GetParam().move(other.here.get(), ends.here.get(), 10, flags); });
  }
};

TEST_P(PipeToPipeTest, WaitsForBytes) {
  const auto take = [](Ends& ends) { return from(ends, 10); };
  EXPECT_EQ(expect_same(pipe_to_read, take, [](Ends& ends) { put(ends.there, "hello"); }), (Seen{5, 77, "hello"}));
  EXPECT_EQ(expect_same(pipe_to_read, take, [](Ends& ends) { ends.there.reset(); }), (Seen{0, 77, ""}));
}

TEST_P(PipeToPipeTest, WaitsForRoom) {
  EXPECT_EQ(expect_same(
                full_pipe, [](Ends& ends) { return to(ends); }, make_room),
            (Seen{3, 77, ""}));
}

TEST_P(PipeToPipeTest, DoesNotWaitForWhatIsThere) {
  const auto take = [](Ends& ends) {
    put(ends.there, "hello");
    return from(ends, 3);
  };
  EXPECT_EQ(expect_same_at_once(pipe_to_read, take).bytes, "hel");
  expect_same_at_once(pipe_to_read, [](Ends& ends) { return from(ends, 0); });
}

TEST_P(PipeToPipeTest, DoesNotWaitWhereNobodyWantsTo) {
  const auto itself = [](Ends& ends) {
    set_nonblocking(ends.here);
    return from(ends, 10);
  };
  EXPECT_EQ(expect_same_at_once(pipe_to_read, itself).error, EAGAIN);
  const auto other = [](Ends& ends) { return from(ends, 10, 0, true); };
  EXPECT_EQ(expect_same_at_once(pipe_to_read, other).error, EAGAIN);
  const auto by_flag = [](Ends& ends) { return from(ends, 10, SPLICE_F_NONBLOCK); };
  EXPECT_EQ(expect_same_at_once(pipe_to_read, by_flag).error, EAGAIN);
  const auto full = [](Ends& ends) { return to(ends, 0, true); };
  EXPECT_EQ(expect_same_at_once(full_pipe, full).error, EAGAIN);
}

TEST_P(PipeToPipeTest, EndsWhenItsTaskIsCancelledOrAnEndIsClosed) {
  EXPECT_EQ(cancelled(pipe_to_read, [](Ends& ends) { return from(ends, 10); }).error, ECANCELED);
  EXPECT_EQ(cancelled(full_pipe, [](Ends& ends) { return to(ends); }).error, ECANCELED);
  EXPECT_EQ(closed(pipe_to_read, [](Ends& ends) { return from(ends, 10); }).error, EBADF);
  EXPECT_EQ(closed(full_pipe, [](Ends& ends) { return to(ends); }).error, EBADF);
}

TEST_P(PipeToPipeTest, RefusesWhatLibcRefuses) {
  const auto no_reader = [](Ends& ends) {
    PipeSignals signals;
    ends.there.reset();
    auto seen = to(ends);
    seen.bytes = std::to_string(signals.take());
    return seen;
  };
  EXPECT_EQ(expect_same_at_once(pipe_to_write, no_reader).error, EPIPE);
  const auto to_itself = [](Ends& ends) {
    return see([&] { return GetParam().move(ends.here.get(), ends.there.get(), 10, 0); });
  };
  EXPECT_EQ(expect_same_at_once(pipe_to_read, to_itself).error, EINVAL);
  EXPECT_EQ(expect_same_at_once(unix_stream, to_itself).error, EINVAL);
  const auto bad_flags = [](Ends& ends) { return from(ends, 10, 0x80); };
  EXPECT_EQ(expect_same_at_once(pipe_to_read, bad_flags).error, EINVAL);
}

INSTANTIATE_TEST_SUITE_P(Calls, PipeToPipeTest, testing::ValuesIn(kMovers),
                         [](const auto& one) { return std::string{one.param.name}; });

class SpliceTest : public DescriptorConformanceTest {
 protected:
  static Seen from(Ends& ends) {
    const auto pipe = pipe_to_write();
    auto seen = see([&] { return ::splice(ends.here.get(), nullptr, pipe.here.get(), nullptr, 10, 0); });
    if (seen.result > 0) seen.bytes = take_some(pipe.there);
    return seen;
  }
  /// Whether the socket is as it was is the second answer.
  static Seen to(Ends& ends) {
    const auto pipe = pipe_to_read();
    put(pipe.there, pattern(kPipe));
    const int flags = ::fcntl(ends.here.get(), F_GETFL);
    auto seen = see([&] { return ::splice(pipe.here.get(), nullptr, ends.here.get(), nullptr, kPipe, 0); });
    seen.bytes = flags == ::fcntl(ends.here.get(), F_GETFL) ? "same flags" : "other flags";
    if (seen.result >= 0) ends.here.reset();
    return seen;
  }
  static Ends full_socket() {
    auto ends = unix_stream();
    const std::string some(4096, 'f');
    while (::send(ends.here.get(), some.data(), some.size(), MSG_DONTWAIT) > 0) continue;
    return ends;
  }
};

TEST_F(SpliceTest, WaitsForBytesOfASocket) {
  for (const auto make : {unix_stream, tcp}) {
    EXPECT_EQ(expect_same(make, from, [](Ends& ends) { put(ends.there, "hello"); }), (Seen{5, 77, "hello"}));
    EXPECT_EQ(expect_same(make, from, [](Ends& ends) { ends.there.reset(); }).result, 0);
  }
}

TEST_F(SpliceTest, TakesNoLongerThanItsSocketMay) {
  const auto impatient = [](Ends& ends) {
    set_timeout(ends.here, SO_RCVTIMEO, 20ms);
    return from(ends);
  };
  EXPECT_EQ(expect_same_in_time(tcp, impatient).error, EAGAIN);
  const auto impatient_to = [](Ends& ends) {
    set_timeout(ends.here, SO_SNDTIMEO, 20ms);
    return to(ends);
  };
  EXPECT_EQ(expect_same_in_time(full_socket, impatient_to), (Seen{-1, EAGAIN, "same flags"}));
}

TEST_F(SpliceTest, GivesAllThatIsInThePipeToASocket) {
  std::string got;
  const auto read_all = [&](Ends& ends) { got = drain(ends.there); };
  EXPECT_EQ(expect_same(full_socket, to, read_all), (Seen{static_cast<long>(kPipe), 77, "same flags"}));
  EXPECT_TRUE(got.substr(got.size() - kPipe) == pattern(kPipe));
}

TEST_F(SpliceTest, WaitsForBytesForASocket) {
  const auto give = [](Ends& ends) {
    const auto socket = unix_stream();
    auto seen = see([&] { return ::splice(ends.here.get(), nullptr, socket.here.get(), nullptr, 10, 0); });
    seen.bytes = seen.result > 0 ? take_some(socket.there) : "";
    return seen;
  };
  EXPECT_EQ(expect_same(pipe_to_read, give, [](Ends& ends) { put(ends.there, "hello"); }), (Seen{5, 77, "hello"}));
}

TEST_F(SpliceTest, DoesNotWaitForASocketWhereNobodyWantsTo) {
  const auto nonblocking = [](Ends& ends) {
    set_nonblocking(ends.here);
    return from(ends);
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, nonblocking).error, EAGAIN);
  const auto to_nonblocking = [](Ends& ends) {
    set_nonblocking(ends.here);
    return to(ends);
  };
  EXPECT_EQ(expect_same_at_once(full_socket, to_nonblocking).error, EAGAIN);
}

TEST_F(SpliceTest, EndsWhenItsTaskIsCancelledOrItsSocketIsClosed) {
  EXPECT_EQ(cancelled(tcp, from).error, ECANCELED);
  EXPECT_EQ(cancelled(full_socket, to).error, ECANCELED);
  EXPECT_EQ(closed(tcp, from).error, EBADF);
  EXPECT_EQ(closed(full_socket, to).error, EBADF);
}

TEST_F(SpliceTest, MovesFromAndToFiles) {
  const auto from_file = [](Ends& ends) {
    const Fd file{::memfd_create("file", MFD_CLOEXEC)};
    put(file, "0123456789");
    off64_t at = 3;
    auto seen = see([&] { return ::splice(file.get(), &at, ends.here.get(), nullptr, 4, 0); });
    seen.bytes = std::to_string(at) + " " + std::to_string(::lseek(file.get(), 0, SEEK_CUR));
    return seen;
  };
  EXPECT_EQ(expect_same_at_once(pipe_to_write, from_file), (Seen{4, 77, "7 10"}));
  EXPECT_EQ(expect_same(full_pipe, from_file, make_room), (Seen{4, 77, "7 10"}));
  const auto to_file = [](Ends& ends) {
    const Fd file{::memfd_create("file", MFD_CLOEXEC)};
    auto seen = see([&] { return ::splice(ends.here.get(), nullptr, file.get(), nullptr, 10, 0); });
    seen.bytes = std::to_string(::lseek(file.get(), 0, SEEK_CUR));
    return seen;
  };
  EXPECT_EQ(expect_same(pipe_to_read, to_file, [](Ends& ends) { put(ends.there, "abc"); }), (Seen{3, 77, "3"}));
}

TEST_F(SpliceTest, RefusesPositionsInWhatHasNone) {
  const auto in_a_pipe = [](Ends& ends) {
    const auto pipe = pipe_to_write();
    off64_t at = 0;
    return see([&] { return ::splice(ends.here.get(), &at, pipe.here.get(), nullptr, 10, 0); });
  };
  EXPECT_EQ(expect_same_at_once(pipe_to_read, in_a_pipe).error, ESPIPE);
  expect_same_at_once(unix_stream, in_a_pipe);
}

class VmspliceTest : public DescriptorConformanceTest {
 protected:
  static Seen give(Ends& ends) {
    std::string bytes = "hello";
    const iovec buffer{bytes.data(), bytes.size()};
    return see([&] { return ::vmsplice(ends.here.get(), &buffer, 1, 0); });
  }
  static Seen take(Ends& ends) {
    std::string room(10, '-');
    const iovec buffer{room.data(), room.size()};
    auto seen = see([&] { return ::vmsplice(ends.here.get(), &buffer, 1, 0); });
    seen.bytes = room;
    return seen;
  }
  template <class Call>
  static auto nonblocking(Call call) {
    return [call](Ends& ends) {
      set_nonblocking(ends.here);
      return call(ends);
    };
  }
};

TEST_F(VmspliceTest, WaitsForRoom) {
  EXPECT_EQ(expect_same(full_pipe, give, make_room), (Seen{5, 77, ""}));
  EXPECT_EQ(expect_same(full_pipe, nonblocking(give), make_room), (Seen{5, 77, ""}));  // the kernel waits even so
}

TEST_F(VmspliceTest, WaitsForBytes) {
  const auto peer = [](Ends& ends) { put(ends.there, "abc"); };
  EXPECT_EQ(expect_same(pipe_to_read, take, peer), (Seen{3, 77, "abc-------"}));
  EXPECT_EQ(expect_same(pipe_to_read, take, [](Ends& ends) { ends.there.reset(); }).result, 0);
}

TEST_F(VmspliceTest, DoesNotWaitForWhatIsThere) {
  EXPECT_EQ(expect_same_at_once(pipe_to_write, give).result, 5);
  const auto by_flag = [](Ends& ends) {
    std::string bytes = "hello";
    const iovec buffer{bytes.data(), bytes.size()};
    return see([&] { return ::vmsplice(ends.here.get(), &buffer, 1, SPLICE_F_NONBLOCK); });
  };
  EXPECT_EQ(expect_same_at_once(full_pipe, by_flag).error, EAGAIN);
  expect_same_at_once(unix_stream, give);
}

TEST_F(VmspliceTest, EndsWhenItsTaskIsCancelledOrThePipeIsClosed) {
  EXPECT_EQ(cancelled(full_pipe, give).error, ECANCELED);
  EXPECT_EQ(closed(full_pipe, give).error, EBADF);
}

TEST(SpliceHooksTest, AreAllShownHere) {
  EXPECT_THAT(splice_hooks(), testing::UnorderedElementsAre("splice", "tee", "vmsplice"));
}

}  // namespace
}  // namespace indrik::fiber
