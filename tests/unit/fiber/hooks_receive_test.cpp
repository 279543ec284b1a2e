// Calls that take bytes from sockets: each against libc's own.
#include <gmock/gmock.h>
#include <sys/uio.h>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "fiber/hook_families.h"
#include "unit/fiber/descriptor_conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

struct Receiver {
  const char* name;
  ssize_t (*receive)(int socket, std::span<char> room);
  ssize_t (*receive_with_flags)(int socket, std::span<char> room, int flags) = nullptr;
};

ssize_t by_readv(int socket, std::span<char> room) {
  // In two halves, with an empty one between.
  const auto half = room.size() / 2;
  const iovec parts[] = {{room.data(), half}, {room.data(), 0}, {room.data() + half, room.size() - half}};
  return ::readv(socket, parts, 3);
}

ssize_t by_recvmsg(int socket, std::span<char> room, int flags) {
  const auto half = room.size() / 2;
  iovec parts[] = {{room.data(), half}, {room.data() + half, room.size() - half}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  return ::recvmsg(socket, &message, flags);
}

ssize_t by_recvmmsg(int socket, std::span<char> room, int flags) {
  iovec whole{room.data(), room.size()};
  mmsghdr message{};
  message.msg_hdr.msg_iov = &whole;
  message.msg_hdr.msg_iovlen = 1;
  const int count = ::recvmmsg(socket, &message, 1, flags, nullptr);
  return count == 1 ? static_cast<ssize_t>(message.msg_len) : count;
}

ssize_t by_recvfrom(int socket, std::span<char> room, int flags) {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  return ::recvfrom(socket, room.data(), room.size(), flags, reinterpret_cast<sockaddr*>(&from), &size);
}

ssize_t by_recv(int socket, std::span<char> room, int flags) { return ::recv(socket, room.data(), room.size(), flags); }

ssize_t by_recv_chk(int socket, std::span<char> room, int flags) {
  return __recv_chk(socket, room.data(), room.size(), room.size(), flags);
}

ssize_t by_recvfrom_chk(int socket, std::span<char> room, int flags) {
  return __recvfrom_chk(socket, room.data(), room.size(), room.size(), flags, nullptr, nullptr);
}

template <ssize_t (*Receive)(int, std::span<char>, int)>
ssize_t plain(int socket, std::span<char> room) {
  return Receive(socket, room, 0);
}

constexpr Receiver kReceivers[] = {
    {"read", [](int socket, std::span<char> room) { return ::read(socket, room.data(), room.size()); }},
    {"readv", by_readv},
    {"__read", [](int socket, std::span<char> room) { return __read(socket, room.data(), room.size()); }},
    {"__read_chk",
     [](int socket, std::span<char> room) { return __read_chk(socket, room.data(), room.size(), room.size()); }},
    {"recv", plain<by_recv>, by_recv},
    {"recvfrom", plain<by_recvfrom>, by_recvfrom},
    {"recvmsg", plain<by_recvmsg>, by_recvmsg},
    {"recvmmsg", plain<by_recvmmsg>, by_recvmmsg},
    {"__recv_chk", plain<by_recv_chk>, by_recv_chk},
    {"__recvfrom_chk", plain<by_recvfrom_chk>, by_recvfrom_chk},
};

class ReceiveTest : public DescriptorConformanceTest, public testing::WithParamInterface<Receiver> {
 protected:
  static Call receive(std::size_t size) {
    return [size](Ends& ends) {
      std::string room(size, '-');
      auto seen = see([&] { return GetParam().receive(ends.here.get(), room); });
      seen.bytes = room.substr(0, static_cast<std::size_t>(std::max(0L, seen.result)));
      return seen;
    };
  }
  static Call prepared(const std::function<void(Ends&)>& prepare, std::size_t size = 10) {
    return [=](Ends& ends) {
      prepare(ends);
      return receive(size)(ends);
    };
  }
};

TEST_P(ReceiveTest, WaitsForBytes) {
  for (const auto make : {unix_stream, tcp, udp, unix_datagrams, unix_packets}) {
    const auto seen = expect_same(make, receive(10), [](Ends& ends) { put(ends.there, "hello"); });
    EXPECT_EQ(seen, (Seen{5, 77, "hello"}));
  }
}

TEST_P(ReceiveTest, TakesWhatIsThere) {
  const auto there = [](Ends& ends) { put(ends.there, "0123456789abcdef"); };
  for (const auto make : {unix_stream, tcp, udp, unix_datagrams, unix_packets})
    EXPECT_EQ(expect_same_at_once(make, prepared(there)).bytes, "0123456789");
}

TEST_P(ReceiveTest, SeesTheEndWhenThePeerCloses) {
  for (const auto make : {unix_stream, tcp, unix_packets}) {
    EXPECT_EQ(expect_same(make, receive(10), [](Ends& ends) { ends.there.reset(); }).result, 0);
    expect_same(make, receive(10), [](Ends& ends) { ::shutdown(ends.there.get(), SHUT_WR); });
    expect_same(make, receive(10), [](Ends& ends) { ::shutdown(ends.here.get(), SHUT_RD); });
  }
}

TEST_P(ReceiveTest, FailsWhenThePeerResets) {
  const auto reset = [](Ends& ends) {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(ends.there.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ends.there.reset();
  };
  EXPECT_EQ(expect_same(tcp, receive(10), reset).error, ECONNRESET);
}

TEST_P(ReceiveTest, WaitsNoLongerThanTheSocketSays) {
  const auto limit = [](Ends& ends) { set_timeout(ends.here, SO_RCVTIMEO, 20ms); };
  for (const auto make : {unix_stream, udp}) {
    const auto before = Clock::now();
    EXPECT_EQ(expect_same_in_time(make, prepared(limit)).error, EAGAIN);
    EXPECT_GE(Clock::now() - before, 40ms);
  }
}

TEST_P(ReceiveTest, DoesNotWaitWhereNobodyWantsTo) {
  EXPECT_EQ(expect_same_at_once(tcp, prepared([](Ends& ends) { set_nonblocking(ends.here); })).error, EAGAIN);
  const auto on_a_copy = [](Ends& ends) {
    const Fd copy{::dup(ends.here.get())};  // the flag is the description's
    set_nonblocking(copy);
  };
  EXPECT_EQ(expect_same_at_once(tcp, prepared(on_a_copy)).error, EAGAIN);
}

TEST_P(ReceiveTest, LeavesTheDescriptionBlocking) {
  const auto flags = [](Ends& ends) {
    auto seen = receive(10)(ends);
    seen.bytes = std::to_string(::fcntl(ends.here.get(), F_GETFL));
    return seen;
  };
  expect_same(tcp, flags, [](Ends& ends) {
    EXPECT_EQ(::fcntl(ends.here.get(), F_GETFL) & O_NONBLOCK, 0);
    put(ends.there, "x");
  });
}

TEST_P(ReceiveTest, WaitsOnACopyOfTheDescriptor) {
  const auto by_copy = [](Ends& ends) {
    ends.here.reset(::dup(ends.here.get()));
    return receive(10)(ends);
  };
  EXPECT_EQ(expect_same(unix_stream, by_copy, [](Ends& ends) { put(ends.there, "copied"); }).bytes, "copied");
}

TEST_P(ReceiveTest, RefusesWhatLibcRefuses) {
  expect_same_at_once(unix_stream, prepared([](Ends& ends) { ends.here.reset(); }));
  const auto unconnected = [](Ends& ends) { ends.here.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); };
  EXPECT_EQ(expect_same_at_once(tcp, prepared(unconnected)).error, ENOTCONN);
  const auto to_nowhere = [](Ends& ends) {
    put(ends.there, "hello");
    return see([&] { return GetParam().receive(ends.here.get(), {reinterpret_cast<char*>(8), 10}); });
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, to_nowhere).error, EFAULT);
}

TEST_P(ReceiveTest, TakesNothingWhereBytesAre) {
  const auto there = [](Ends& ends) { put(ends.there, "0123456789abcdef"); };
  for (const auto make : {unix_stream, tcp, udp}) expect_same_at_once(make, prepared(there, 0));
}

TEST_P(ReceiveTest, EndsWhenTheTaskIsCancelled) { EXPECT_EQ(cancelled(tcp, receive(10)), (Seen{-1, ECANCELED, ""})); }

TEST_P(ReceiveTest, EndsWhenAnotherFiberClosesTheDescriptor) {
  EXPECT_EQ(closed(tcp, receive(10)), (Seen{-1, EBADF, ""}));
}

TEST_P(ReceiveTest, GivesEachOfTwoReadersItsShare) {
  Ends ends = unix_packets();
  std::vector<std::string> got;
  for (int i = 0; i < 2; ++i) start([&] { got.push_back(receive(10)(ends).bytes); });
  EXPECT_EQ(running(), 2U);
  put(ends.there, "one");
  loop.run_until([&] { return got.size() == 1; });
  put(ends.there, "two");
  finish();
  EXPECT_EQ(got, (std::vector<std::string>{"one", "two"}));
}

std::string name_of_parameter(const testing::TestParamInfo<Receiver>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Calls, ReceiveTest, testing::ValuesIn(kReceivers), name_of_parameter);

/// Those that take flags.
class ReceiveFlagsTest : public ReceiveTest {
 protected:
  static Call receive(std::size_t size, int flags) {
    return [=](Ends& ends) {
      std::string room(size, '-');
      auto seen = see([&] { return GetParam().receive_with_flags(ends.here.get(), room, flags); });
      seen.bytes = room;
      return seen;
    };
  }
};

TEST_P(ReceiveFlagsTest, WaitsForAllThatIsAskedFor) {
  const auto in_pieces = [](Ends& ends) {
    for (const char c : std::string_view{"0123456789rest"}) put(ends.there, {&c, 1});
  };
  for (const auto make : {unix_stream, tcp})
    EXPECT_EQ(expect_same(make, receive(10, MSG_WAITALL), in_pieces), (Seen{10, 77, "0123456789"}));
}

TEST_P(ReceiveFlagsTest, ReturnsWhatCameBeforeTheEnd) {
  const auto half = [](Ends& ends) {
    put(ends.there, "half");
    ends.there.reset();
  };
  for (const auto make : {unix_stream, tcp})
    EXPECT_EQ(expect_same(make, receive(10, MSG_WAITALL), half), (Seen{4, 77, "half------"}));
}

TEST_P(ReceiveFlagsTest, ReturnsWhatCameInTime) {
  const auto limited = [](Ends& ends) {
    set_timeout(ends.here, SO_RCVTIMEO, 20ms);
    put(ends.there, "half");
    return receive(10, MSG_WAITALL)(ends);
  };
  for (const auto make : {unix_stream, tcp}) EXPECT_EQ(expect_same_in_time(make, limited).result, 4);
}

TEST_P(ReceiveFlagsTest, ReturnsWhatCameBeforeTheTaskWasCancelled) {
  const auto half = [](Ends& ends) {
    put(ends.there, "half");
    return receive(10, MSG_WAITALL)(ends);
  };
  EXPECT_EQ(cancelled(tcp, half), (Seen{4, 77, "half------"}));
}

TEST_P(ReceiveFlagsTest, TakesOneDatagramForAll) {
  EXPECT_EQ(expect_same(udp, receive(10, MSG_WAITALL), [](Ends& ends) { put(ends.there, "one"); }).result, 3);
}

TEST_P(ReceiveFlagsTest, LooksWithoutTaking) {
  const auto twice = [](Ends& ends) {
    const auto first = receive(10, MSG_PEEK)(ends);
    auto second = receive(10, 0)(ends);
    second.bytes = first.bytes + second.bytes;
    return second;
  };
  expect_same(tcp, twice, [](Ends& ends) { put(ends.there, "hello"); });
}

TEST_P(ReceiveFlagsTest, LooksUntilAllIsThere) {
  const auto look = receive(10, MSG_PEEK | MSG_WAITALL);
  expect_same(tcp, look, [](Ends& ends) {
    put(ends.there, "01234");
    put(ends.there, "56789");
  });
  expect_same(tcp, look, [](Ends& ends) {
    put(ends.there, "half");
    ends.there.reset();
  });
  const auto limited = [&](Ends& ends) {
    set_timeout(ends.here, SO_RCVTIMEO, 20ms);
    put(ends.there, "half");
    return look(ends);
  };
  expect_same_in_time(tcp, limited);
}

TEST_P(ReceiveFlagsTest, NeverWaitsWhenToldSo) {
  for (const int flag : {MSG_DONTWAIT, MSG_OOB, MSG_ERRQUEUE}) expect_same_at_once(tcp, receive(10, flag));
}

TEST_P(ReceiveFlagsTest, TellsTheWholeLengthOfADatagram) {
  expect_same(udp, receive(3, MSG_TRUNC), [](Ends& ends) { put(ends.there, "0123456789"); });
}

TEST_P(ReceiveFlagsTest, RefusesWhatIsNoSocket) {
  EXPECT_EQ(expect_same_at_once(pipe_to_read, receive(10, 0)).error, ENOTSOCK);
}

std::vector<Receiver> those_with_flags() {
  std::vector<Receiver> some;
  std::copy_if(std::begin(kReceivers), std::end(kReceivers), std::back_inserter(some),
               [](const Receiver& one) { return one.receive_with_flags != nullptr; });
  return some;
}

INSTANTIATE_TEST_SUITE_P(Calls, ReceiveFlagsTest, testing::ValuesIn(those_with_flags()), name_of_parameter);

class RecvfromTest : public DescriptorConformanceTest {};

TEST_F(RecvfromTest, TellsWhoSent) {
  const auto call = [](Ends& ends) {
    char room[10];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    auto seen = see(
        [&] { return ::recvfrom(ends.here.get(), room, sizeof room, 0, reinterpret_cast<sockaddr*>(&from), &size); });
    seen.bytes = from.sin_port == name_of(ends.there).sin_port ? "the peer" : "somebody";
    seen.bytes += std::to_string(size);
    return seen;
  };
  EXPECT_EQ(expect_same(udp, call, [](Ends& ends) { put(ends.there, "x"); }).bytes, "the peer16");
}

class RecvmsgTest : public DescriptorConformanceTest {
 protected:
  static void send_descriptor(Ends& ends, std::string_view bytes) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    iovec whole{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &whole;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    auto* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int sent = ends.there.get();
    std::copy_n(reinterpret_cast<const char*>(&sent), sizeof sent, reinterpret_cast<char*>(CMSG_DATA(header)));
    EXPECT_EQ(::sendmsg(ends.there.get(), &message, 0), static_cast<ssize_t>(bytes.size()));
  }
  /// A byte more for each descriptor that came.
  static Call receive(std::size_t size, int flags) {
    return [=](Ends& ends) {
      std::string room(size, '-');
      alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
      iovec whole{room.data(), room.size()};
      msghdr message{};
      message.msg_iov = &whole;
      message.msg_iovlen = 1;
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      auto seen = see([&] { return ::recvmsg(ends.here.get(), &message, flags); });
      seen.bytes = room + " flags " + std::to_string(message.msg_flags);
      if (const auto* const header = CMSG_FIRSTHDR(&message); header != nullptr) {
        int received = -1;
        std::copy_n(reinterpret_cast<const char*>(CMSG_DATA(header)), sizeof received,
                    reinterpret_cast<char*>(&received));
        seen.bytes += ::fcntl(received, F_GETFD) >= 0 ? " with a descriptor" : " with none";
        ::close(received);
      }
      return seen;
    };
  }
};

TEST_F(RecvmsgTest, TakesDescriptors) {
  const auto seen = expect_same(unix_stream, receive(5, 0), [](Ends& ends) { send_descriptor(ends, "hello"); });
  EXPECT_EQ(seen.bytes, "hello flags 0 with a descriptor");
}

TEST_F(RecvmsgTest, TakesDescriptorsThatComeWithTheRest) {
  const auto call = [](Ends& ends) {
    put(ends.there, "hel");
    return receive(5, MSG_WAITALL)(ends);
  };
  const auto seen = in_fiber(unix_stream, call, [](Ends& ends) { send_descriptor(ends, "lo"); });
  EXPECT_EQ(seen.bytes, "hello flags 0 with a descriptor");
}

TEST_F(RecvmsgTest, RefusesAMessageThatIsNowhere) {
  const auto call = [](Ends& ends) {
    return see([&] { return ::recvmsg(ends.here.get(), reinterpret_cast<msghdr*>(8), 0); });
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, call).error, EFAULT);
}

class RecvmmsgTest : public DescriptorConformanceTest {
 protected:
  static Call receive(unsigned count, int flags, std::optional<timespec> timeout = {}) {
    return [=](Ends& ends) mutable {
      std::vector<std::array<char, 8>> rooms(count);
      std::vector<iovec> buffers;
      std::vector<mmsghdr> messages(count);
      for (auto& room : rooms) buffers.push_back({room.data(), room.size()});
      for (unsigned i = 0; i < count; ++i) messages[i].msg_hdr = {.msg_iov = &buffers[i], .msg_iovlen = 1};
      auto seen = see(
          [&] { return ::recvmmsg(ends.here.get(), messages.data(), count, flags, timeout ? &*timeout : nullptr); });
      for (int i = 0; i < seen.result; ++i)
        seen.bytes.append(rooms[static_cast<std::size_t>(i)].data(), messages[static_cast<std::size_t>(i)].msg_len) +=
            '|';
      return seen;
    };
  }
};

TEST_F(RecvmmsgTest, WaitsForAllMessages) {
  const auto three = [](Ends& ends) {
    for (const auto* const text : {"a", "bb", "ccc"}) put(ends.there, text);
  };
  EXPECT_EQ(expect_same(udp, receive(3, 0), three), (Seen{3, 77, "a|bb|ccc|"}));
}

TEST_F(RecvmmsgTest, WaitsForOneWhenToldSo) {
  EXPECT_EQ(expect_same(udp, receive(3, MSG_WAITFORONE), [](Ends& ends) { put(ends.there, "a"); }).result, 1);
}

TEST_F(RecvmmsgTest, ReturnsWhatCameInTheSocketsTime) {
  const auto limited = [](Ends& ends) {
    set_timeout(ends.here, SO_RCVTIMEO, 20ms);
    put(ends.there, "a");
    return receive(3, 0)(ends);
  };
  EXPECT_EQ(expect_same_in_time(udp, limited).result, 1);
}

TEST_F(RecvmmsgTest, ReturnsWhatCameInItsOwnTime) {
  const auto limited = [](Ends& ends) {
    put(ends.there, "a");
    return receive(3, 0, timespec{.tv_sec = 0, .tv_nsec = 20'000'000})(ends);
  };
  EXPECT_EQ(in_fiber(udp, limited).result, 1);  // libc's would wait for another message first, recvmmsg(2)
}

TEST_F(RecvmmsgTest, RefusesATimeThatIsNone) {
  EXPECT_EQ(expect_same_at_once(udp, receive(3, 0, timespec{.tv_sec = -1, .tv_nsec = 0})).error, EINVAL);
}

TEST_F(RecvmmsgTest, ReturnsNothingForNothing) { expect_same_at_once(udp, receive(0, 0)); }

TEST(ReceiveHooksTest, AreAllShownHere) {
  std::vector<std::string_view> shown;
  for (const auto& receiver : kReceivers) shown.emplace_back(receiver.name);
  for (const auto family : {socket_hooks(), messages_hooks(), read_hooks()}) {
    for (const auto name : family) {
      const bool takes = name.find("re") < 3;
      EXPECT_TRUE(!takes || std::count(shown.begin(), shown.end(), name) == 1) << name;
    }
  }
}

using ReceiveDeathTest = PollLoopTest;

TEST_F(ReceiveDeathTest, AbortsWhereLibcWouldForTooSmallABuffer) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  char room[4];
  const auto ends = unix_stream();
  const int socket = ends.here.get();
  EXPECT_DEATH(in_fiber([&] { __read_chk(socket, room, 5, sizeof room); }), "overflow");
  EXPECT_DEATH(in_fiber([&] { __recv_chk(socket, room, 5, sizeof room, 0); }), "overflow");
  EXPECT_DEATH(in_fiber([&] { __recvfrom_chk(socket, room, 5, sizeof room, 0, nullptr, nullptr); }), "overflow");
}

}  // namespace
}  // namespace indrik::fiber
