// Calls that give bytes to sockets: each against libc's own.
#include <sys/uio.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "fiber/hook_families.h"
#include "unit/fiber/descriptor_conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

struct Sender {
  const char* name;
  ssize_t (*send)(int socket, std::string_view bytes);
  ssize_t (*send_with_flags)(int socket, std::string_view bytes, int flags) = nullptr;
};

/// In many parts, an empty one among them; more than are sent again in one go.
std::vector<iovec> in_parts(std::string_view bytes) {
  std::vector<iovec> parts(40);
  const auto size = bytes.size() / parts.size() + 1;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i == 7) continue;
    const auto part = bytes.substr(0, i + 1 == parts.size() ? bytes.size() : size);
    parts[i] = {const_cast<char*>(part.data()), part.size()};
    bytes.remove_prefix(part.size());
  }
  return parts;
}

ssize_t by_writev(int socket, std::string_view bytes) {
  const auto parts = in_parts(bytes);
  return ::writev(socket, parts.data(), static_cast<int>(parts.size()));
}

ssize_t by_sendmsg(int socket, std::string_view bytes, int flags) {
  auto parts = in_parts(bytes);
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return ::sendmsg(socket, &message, flags);
}

ssize_t by_sendmmsg(int socket, std::string_view bytes, int flags) {
  auto parts = in_parts(bytes);
  mmsghdr message{};
  message.msg_hdr.msg_iov = parts.data();
  message.msg_hdr.msg_iovlen = parts.size();
  const int count = ::sendmmsg(socket, &message, 1, flags);
  return count == 1 ? static_cast<ssize_t>(message.msg_len) : count;
}

ssize_t by_send(int socket, std::string_view bytes, int flags) {
  return ::send(socket, bytes.data(), bytes.size(), flags);
}
ssize_t by_send_alias(int socket, std::string_view bytes, int flags) {
  return __send(socket, bytes.data(), bytes.size(), flags);
}
ssize_t by_sendto(int socket, std::string_view bytes, int flags) {
  return ::sendto(socket, bytes.data(), bytes.size(), flags, nullptr, 0);
}

template <ssize_t (*Send)(int, std::string_view, int)>
ssize_t plain(int socket, std::string_view bytes) {
  return Send(socket, bytes, 0);
}

constexpr Sender kSenders[] = {
    {"write", [](int socket, std::string_view bytes) { return ::write(socket, bytes.data(), bytes.size()); }},
    {"__write", [](int socket, std::string_view bytes) { return __write(socket, bytes.data(), bytes.size()); }},
    {"writev", by_writev},
    {"send", plain<by_send>, by_send},
    {"__send", plain<by_send_alias>, by_send_alias},
    {"sendto", plain<by_sendto>, by_sendto},
    {"sendmsg", plain<by_sendmsg>, by_sendmsg},
    {"sendmmsg", plain<by_sendmmsg>, by_sendmmsg},
};

template <Ends (*Make)()>
Ends full() {
  auto ends = Make();
  while (::send(ends.here.get(), "x", 1, MSG_DONTWAIT) == 1) {
  }
  return ends;
}

constexpr std::size_t kMuch = 8'000'000;  // more than a socket takes

class SendTest : public DescriptorConformanceTest, public testing::WithParamInterface<Sender> {
 protected:
  static Call send(std::string_view bytes) {
    return [bytes](Ends& ends) { return see([&] { return GetParam().send(ends.here.get(), bytes); }); };
  }
  /// What the peer gets is what was seen too. It reads until the end, which comes with the call's.
  Seen expect_same_bytes(Make make, const Call& call) {
    std::string libc;
    std::string own;
    const auto ending = [&](Ends& ends) {
      auto seen = call(ends);
      ::shutdown(ends.here.get(), SHUT_WR);
      return seen;
    };
    auto seen = in_thread(make, ending, [&](Ends& ends) { libc = drain(ends.there); });
    EXPECT_EQ(in_fiber(make, ending, [&](Ends& ends) { own = drain(ends.there); }), seen);
    EXPECT_TRUE(own == libc) << own.size() << " and " << libc.size() << " bytes";
    seen.bytes = libc;
    return seen;
  }

  const std::string much = pattern(kMuch);
};

TEST_P(SendTest, GivesAllBeforeItReturns) {
  for (const auto make : {unix_stream, tcp}) {
    const auto seen = expect_same_bytes(make, send(much));
    EXPECT_EQ(seen.result, static_cast<long>(kMuch));
    EXPECT_TRUE(seen.bytes == much);
  }
}

TEST_P(SendTest, DoesNotWaitWhereThereIsRoom) {
  for (const auto make : {unix_stream, tcp, udp, unix_datagrams, unix_packets})
    EXPECT_EQ(expect_same_at_once(make, send("hello")), (Seen{5, 77, ""}));
}

TEST_P(SendTest, WaitsForRoomForADatagram) {
  const auto read_all = [](Ends& ends) {
    char room[8];
    while (::recv(ends.there.get(), room, sizeof room, 0) == 1) {
    }
  };
  for (const auto make : {full<unix_datagrams>, full<unix_packets>})
    EXPECT_EQ(expect_same(make, send("last"), read_all).result, 4);
}

TEST_P(SendTest, ReturnsWhatWentInTheSocketsTime) {
  const auto limited = [this](Ends& ends) {
    set_timeout(ends.here, SO_SNDTIMEO, 20ms);
    const auto first = send(much)(ends);
    auto second = send(much)(ends);  // nothing any more, but for what the kernel makes room for as it goes
    while (second.result > 0) second = send(much)(ends);
    second.bytes = first.result > 0 && first.result < static_cast<long>(kMuch) && first.error == 77 ? "some" : "?";
    return second;
  };
  for (const auto make : {unix_stream, tcp}) EXPECT_EQ(expect_same_in_time(make, limited), (Seen{-1, EAGAIN, "some"}));
}

TEST_P(SendTest, GivesWhatFitsWhereNobodyWaits) {
  const auto nonblocking = [this](Ends& ends) {
    set_nonblocking(ends.here);
    const auto first = send(much)(ends);
    auto second = send(much)(ends);
    while (second.result > 0) second = send(much)(ends);
    second.bytes = first.result > 0 && first.result < static_cast<long>(kMuch) && first.error == 77 ? "some" : "?";
    return second;
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, nonblocking), (Seen{-1, EAGAIN, "some"}));
}

TEST_P(SendTest, FailsWithASignalWhenThePeerIsGone) {
  PipeSignals signals;
  const auto to_nobody = [&](Ends& ends) {
    ends.there.reset();
    auto seen = send("hello")(ends);
    seen.bytes = std::to_string(signals.take());
    return seen;
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, to_nobody), (Seen{-1, EPIPE, "1"}));
}

TEST_P(SendTest, ReturnsWhatWentBeforeThePeerWasGone) {
  PipeSignals signals;
  const auto twice = [&](Ends& ends) {
    auto first = send(much)(ends);
    const int raised = signals.take();
    const auto second = send("more")(ends);
    first.bytes = (first.result > 0 && first.result < static_cast<long>(kMuch) ? "some " : "? ") +
                  std::to_string(raised) + ", then " + std::to_string(second.error) + " " +
                  std::to_string(signals.take());
    first.result = 0;  // how much it was is the kernel's affair
    return first;
  };
  const auto some = [](Ends& ends) {
    std::string room(1000, '-');
    EXPECT_EQ(::recv(ends.there.get(), room.data(), room.size(), MSG_WAITALL), 1000);
    ends.there.reset();
  };
  const auto seen = expect_same(unix_stream, twice, some);
  EXPECT_EQ(seen.bytes, "some 0, then " + std::to_string(EPIPE) + " 1");
}

TEST_P(SendTest, RefusesWhatLibcRefuses) {
  const auto to_closed = [](Ends& ends) {
    ends.here.reset();
    return send("hello")(ends);
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, to_closed).error, EBADF);
  EXPECT_EQ(expect_same_at_once(udp, send(much)).error, EMSGSIZE);
  EXPECT_EQ(expect_same_at_once(unix_stream, send({reinterpret_cast<const char*>(8), 10})).error, EFAULT);
}

TEST_P(SendTest, GivesNothing) {
  for (const auto make : {unix_stream, tcp}) expect_same_at_once(make, send(""));
}

TEST_P(SendTest, ReturnsWhatWentBeforeTheTaskWasCancelled) {
  const auto seen = cancelled(tcp, [this](Ends& ends) {
    auto first = send(much)(ends);
    first.bytes = std::to_string(send(much)(ends).result);
    return first;
  });
  EXPECT_GT(seen.result, 0);
  EXPECT_LT(seen.result, static_cast<long>(kMuch));
  EXPECT_EQ(seen.error, 77);
}

TEST_P(SendTest, FailsWhenTheTaskIsCancelledBeforeAnythingWent) {
  EXPECT_EQ(cancelled(full<unix_packets>, send("more")), (Seen{-1, ECANCELED, ""}));
}

TEST_P(SendTest, EndsWhenAnotherFiberClosesTheDescriptor) {
  const auto seen = closed(tcp, send(much));
  EXPECT_GT(seen.result, 0);
  EXPECT_LT(seen.result, static_cast<long>(kMuch));
}

std::string name_of_parameter(const testing::TestParamInfo<Sender>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Calls, SendTest, testing::ValuesIn(kSenders), name_of_parameter);

class SendFlagsTest : public SendTest {
 protected:
  static Call send(std::string_view bytes, int flags) {
    return [=](Ends& ends) { return see([&] { return GetParam().send_with_flags(ends.here.get(), bytes, flags); }); };
  }
};

TEST_P(SendFlagsTest, RaisesNoSignalWhenToldSo) {
  PipeSignals signals;
  const auto to_nobody = [&](Ends& ends) {
    ends.there.reset();
    auto seen = send("hello", MSG_NOSIGNAL)(ends);
    seen.bytes = std::to_string(signals.take());
    return seen;
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, to_nobody), (Seen{-1, EPIPE, "0"}));
}

TEST_P(SendFlagsTest, NeverWaitsWhenToldSo) {
  const auto twice = [this](Ends& ends) {
    auto seen = send(much, MSG_DONTWAIT)(ends);
    while (seen.result > 0) seen = send(much, MSG_DONTWAIT)(ends);
    return seen;
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, twice).error, EAGAIN);
}

TEST_P(SendFlagsTest, RefusesWhatIsNoSocket) {
  EXPECT_EQ(expect_same_at_once(pipe_to_write, send("hello", 0)).error, ENOTSOCK);
}

std::vector<Sender> those_with_flags() {
  std::vector<Sender> some;
  std::copy_if(std::begin(kSenders), std::end(kSenders), std::back_inserter(some),
               [](const Sender& one) { return one.send_with_flags != nullptr; });
  return some;
}

INSTANTIATE_TEST_SUITE_P(Calls, SendFlagsTest, testing::ValuesIn(those_with_flags()), name_of_parameter);

class SendtoTest : public DescriptorConformanceTest {};

TEST_F(SendtoTest, SendsToWhoItIsTold) {
  const auto call = [](Ends& ends) {
    const Fd anonymous{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    const Fd other = bound(SOCK_DGRAM);
    const auto address = name_of(other);
    auto seen = see([&] { return ::sendto(anonymous.get(), "hello", 5, 0, as_sockaddr(address), sizeof address); });
    char room[8];
    seen.bytes.assign(room, static_cast<std::size_t>(::recv(other.get(), room, sizeof room, 0)));
    ends.here.reset();
    return seen;
  };
  EXPECT_EQ(expect_same_at_once(udp, call), (Seen{5, 77, "hello"}));
}

/// The kernel says that an unconnected socket is writable whatever the queue of the one it sends to.
TEST_F(SendtoTest, WaitsForRoomAtWhomItIsTold) {
  const std::string_view name{"\0indrik-sendto", 14};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + std::to_string(::getpid()).size() + 14);
  std::copy(name.begin(), name.end(), address.sun_path);
  const auto pid = std::to_string(::getpid());
  std::copy(pid.begin(), pid.end(), address.sun_path + 14);
  const auto full = [&](Ends& ends) {
    ends.here.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ends.there.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(ends.there.get(), as_sockaddr(address), size), 0);
    while (::sendto(ends.here.get(), "x", 1, MSG_DONTWAIT, as_sockaddr(address), size) == 1) {
    }
    return see([&] { return ::sendto(ends.here.get(), "last", 4, 0, as_sockaddr(address), size); });
  };
  Ends ends = unix_datagrams();
  Seen seen;
  start([&] { seen = full(ends); });
  EXPECT_EQ(running(), 1U);
  for (int i = 0; i < 20; ++i) loop.run_ready();
  EXPECT_EQ(running(), 1U);
  char room[8];
  EXPECT_EQ(::recv(ends.there.get(), room, sizeof room, 0), 1);
  finish();
  EXPECT_EQ(seen, (Seen{4, 77, ""}));
}

TEST_F(SendtoTest, ConnectsAsItSends) {
  const auto call = [](Ends& ends) {
    ends.there = bound(SOCK_STREAM);
    ::listen(ends.there.get(), 1);
    const auto address = name_of(ends.there);
    ends.here.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto much = pattern(4'000'000);
    std::thread reader{[&] {
      const Fd accepted{::accept4(ends.there.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      EXPECT_TRUE(drain(accepted) == much);
    }};
    auto seen = see([&] {
      return ::sendto(ends.here.get(), much.data(), much.size(), MSG_FASTOPEN, as_sockaddr(address), sizeof address);
    });
    ends.here.reset();
    reader.join();
    return seen;
  };
  EXPECT_EQ(in_thread(udp, call), (Seen{4'000'000, 77, ""}));
  Ends ends = udp();
  Seen seen;
  start([&] { seen = call(ends); });
  finish();
  EXPECT_EQ(seen, (Seen{4'000'000, 77, ""}));
}

TEST_F(SendtoTest, BeginsToConnectWhereNobodyWaits) {
  const auto call = [](Ends& ends) {
    ends.there = bound(SOCK_STREAM);
    ::listen(ends.there.get(), 1);
    const auto address = name_of(ends.there);
    ends.here.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    return see([&] { return ::sendto(ends.here.get(), "x", 1, MSG_FASTOPEN, as_sockaddr(address), sizeof address); });
  };
  expect_same_at_once(udp, call);
}

class SendmmsgTest : public DescriptorConformanceTest {
 protected:
  static Call send(const std::vector<std::string>& texts) {
    return [&texts](Ends& ends) {
      std::vector<iovec> buffers;
      std::vector<mmsghdr> messages(texts.size());
      for (const auto& text : texts) buffers.push_back({const_cast<char*>(text.data()), text.size()});
      for (std::size_t i = 0; i < texts.size(); ++i) messages[i].msg_hdr = {.msg_iov = &buffers[i], .msg_iovlen = 1};
      auto seen =
          see([&] { return ::sendmmsg(ends.here.get(), messages.data(), static_cast<unsigned>(messages.size()), 0); });
      for (const auto& message : messages) seen.bytes += std::to_string(message.msg_len) + ' ';
      ::shutdown(ends.here.get(), SHUT_WR);
      return seen;
    };
  }
};

TEST_F(SendmmsgTest, GivesEveryMessageWhole) {
  const std::vector<std::string> texts{"a", pattern(3'000'000), "", "ccc", pattern(2'000'000)};
  const auto seen = expect_same(unix_stream, send(texts), [](Ends& ends) { drain(ends.there); });
  EXPECT_EQ(seen, (Seen{5, 77, "1 3000000 0 3 2000000 "}));
}

TEST_F(SendmmsgTest, WaitsForRoomForEachMessage) {
  const std::vector<std::string> texts(2000, "message");
  const auto seen = expect_same(unix_packets, send(texts), [](Ends& ends) { drain(ends.there); });
  EXPECT_EQ(seen.result, 1024);  // as many as the kernel takes
}

TEST_F(SendmmsgTest, ReturnsWhatWentInTheSocketsTime) {
  const std::vector<std::string> texts(1000, "message");
  const auto limited = [&](Ends& ends) {
    set_timeout(ends.here, SO_SNDTIMEO, 20ms);
    return send(texts)(ends);
  };
  const auto seen = expect_same_in_time(unix_packets, limited);
  EXPECT_GT(seen.result, 0);
  EXPECT_LT(seen.result, 1000);
}

TEST_F(SendmmsgTest, ReturnsWhatWentBeforeAFault) {
  const std::vector<std::string> texts{"a", pattern(100'000)};
  EXPECT_EQ(expect_same_at_once(udp, send(texts)).result, 1);
}

TEST(SendHooksTest, AreAllShownHere) {
  std::vector<std::string_view> shown;
  for (const auto& sender : kSenders) shown.emplace_back(sender.name);
  for (const auto family : {socket_hooks(), messages_hooks(), read_hooks()}) {
    for (const auto name : family) {
      const bool gives = name.find("re") >= 3;
      EXPECT_TRUE(!gives || std::count(shown.begin(), shown.end(), name) == 1) << name;
    }
  }
}

}  // namespace
}  // namespace indrik::fiber
