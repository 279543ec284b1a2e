// connect, accept and accept4: each against libc's own.
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "fiber/hook_families.h"
#include "unit/fiber/descriptor_conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

Fd tcp_socket() { return Fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}; }

/// A listener, and a socket that is to be connected to it.
Ends to_connect() {
  Ends ends{tcp_socket(), bound(SOCK_STREAM)};
  EXPECT_EQ(::listen(ends.there.get(), 8), 0);
  return ends;
}

/// The same, but that the listener's queue is full: the kernel answers nobody.
Ends to_connect_in_vain() {
  Ends ends{tcp_socket(), bound(SOCK_STREAM)};
  EXPECT_EQ(::listen(ends.there.get(), 0), 0);
  static std::vector<Fd> others;  // as long as the process
  const auto address = name_of(ends.there);
  for (int i = 0; i < 3; ++i) {
    others.push_back(tcp_socket());
    set_nonblocking(others.back());
    ::connect(others.back().get(), as_sockaddr(address), sizeof address);
    pollfd connected{.fd = others.back().get(), .events = POLLOUT, .revents = 0};
    if (::poll(&connected, 1, 100) == 0) break;
  }
  return ends;
}

struct UnixAddress {
  explicit UnixAddress(const std::string& name) {
    address.sun_family = AF_UNIX;
    const auto own = "indrik-" + std::to_string(::getpid()) + name;
    std::copy(own.begin(), own.end(), address.sun_path + 1);
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + own.size());
  }
  sockaddr_un address{};
  socklen_t size;
};

struct Connector {
  const char* name;
  int (*connect)(int socket, const sockaddr* address, socklen_t size);
};

constexpr Connector kConnectors[] = {{"connect", &::connect}, {"__connect", &__connect}};

class ConnectTest : public DescriptorConformanceTest, public testing::WithParamInterface<Connector> {
 protected:
  template <class Address>
  static int to(const Fd& socket, const Address& address, socklen_t size = sizeof(Address)) {
    return GetParam().connect(socket.get(), as_sockaddr(address), size);
  }
  /// And what becomes of the description's flags.
  static Seen connect(Ends& ends) {
    const auto address = name_of(ends.there);
    auto seen = see([&] { return to(ends.here, address); });
    seen.bytes = (::fcntl(ends.here.get(), F_GETFL) & O_NONBLOCK) != 0 ? "nonblocking" : "blocking";
    return seen;
  }
};

TEST_P(ConnectTest, Connects) {
  const auto libc = in_thread(to_connect, connect);
  EXPECT_EQ(libc, (Seen{0, 77, "blocking"}));
  // That of the loopback may stand before anybody could wait for it.
  Ends ends = to_connect();
  Seen seen;
  start([&] { seen = connect(ends); });
  finish();
  EXPECT_EQ(seen, libc);
  EXPECT_TRUE(Fd{::accept4(ends.there.get(), nullptr, nullptr, SOCK_CLOEXEC)});
}

TEST_P(ConnectTest, RefusesASecondConnection) {
  const auto twice = [](Ends& ends) {
    connect(ends);
    return connect(ends);
  };
  const auto libc = in_thread(to_connect, twice);
  EXPECT_EQ(libc.error, EISCONN);
  Ends ends = to_connect();
  Seen seen;
  start([&] { seen = twice(ends); });
  finish();
  EXPECT_EQ(seen, libc);
}

TEST_P(ConnectTest, FailsWhereNobodyListens) {
  const auto to_nobody = [](Ends& ends) {
    ends.there = bound(SOCK_STREAM);  // and does not listen
    return connect(ends);
  };
  const auto libc = in_thread(to_connect, to_nobody);
  EXPECT_EQ(libc, (Seen{-1, ECONNREFUSED, "blocking"}));
  Ends ends = to_connect();
  Seen seen;
  start([&] { seen = to_nobody(ends); });
  finish();
  EXPECT_EQ(seen, libc);
}

TEST_P(ConnectTest, WaitsNoLongerThanTheSocketSays) {
  const auto limited = [](Ends& ends) {
    set_timeout(ends.here, SO_SNDTIMEO, 20ms);
    auto first = connect(ends);
    const auto second = connect(ends);  // it is still under way
    first.bytes += ", then " + std::to_string(second.result) + " " + std::to_string(second.error);
    return first;
  };
  const auto libc = expect_same_in_time(to_connect_in_vain, limited);
  EXPECT_EQ(libc, (Seen{-1, EINPROGRESS, "blocking, then -1 " + std::to_string(EALREADY)}));
}

TEST_P(ConnectTest, DoesNotWaitWhereNobodyWantsTo) {
  const auto nonblocking = [](Ends& ends) {
    set_nonblocking(ends.here);
    return connect(ends);
  };
  EXPECT_EQ(expect_same_at_once(to_connect_in_vain, nonblocking), (Seen{-1, EINPROGRESS, "nonblocking"}));
}

TEST_P(ConnectTest, GoesOnWithWhatIsUnderWay) {
  const auto begun = [](Ends& ends) {
    const int flags = ::fcntl(ends.here.get(), F_GETFL);
    set_nonblocking(ends.here);
    connect(ends);
    ::fcntl(ends.here.get(), F_SETFL, flags);
    return connect(ends);
  };
  const auto libc = in_thread(to_connect, begun);
  EXPECT_EQ(libc.result, 0);
  Ends ends = to_connect();
  Seen seen;
  start([&] { seen = begun(ends); });
  finish();
  EXPECT_EQ(seen, libc);
}

TEST_P(ConnectTest, EndsWhenTheTaskIsCancelled) {
  EXPECT_EQ(cancelled(to_connect_in_vain, connect), (Seen{-1, ECANCELED, "blocking"}));
}

TEST_P(ConnectTest, EndsWhenAnotherFiberClosesTheDescriptor) {
  EXPECT_EQ(closed(to_connect_in_vain,
                   [](Ends& ends) {
                     const auto address = name_of(ends.there);
                     return see([&] { return to(ends.here, address); });
                   }),
            (Seen{-1, EBADF, ""}));
}

TEST_P(ConnectTest, WaitsForRoomInTheQueueOfAUnixSocket) {
  const UnixAddress name{GetParam().name};
  std::vector<Fd> others;
  const Fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::bind(listener.get(), as_sockaddr(name.address), name.size), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  do {
    others.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  } while (::connect(others.back().get(), as_sockaddr(name.address), name.size) == 0);
  ASSERT_EQ(errno, EAGAIN);
  const auto call = [&](Ends& ends) {
    ends.here.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return see([&] { return to(ends.here, name.address, name.size); });
  };
  const auto accept_one = [&](Ends&) { EXPECT_TRUE(Fd{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)}); };
  EXPECT_EQ(expect_same(unix_stream, call, accept_one), (Seen{0, 77, ""}));
  const auto limited = [&](Ends& ends) {
    ends.here.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    set_timeout(ends.here, SO_SNDTIMEO, 20ms);
    return see([&] { return to(ends.here, name.address, name.size); });
  };
  EXPECT_EQ(expect_same_in_time(unix_stream, limited).error, EAGAIN);
}

TEST_P(ConnectTest, RefusesWhatLibcRefuses) {
  const auto to_closed = [](Ends& ends) {
    ends.here.reset();
    const auto address = loopback();
    return see([&] { return to(ends.here, address); });
  };
  EXPECT_EQ(expect_same_at_once(udp, to_closed).error, EBADF);
  const auto no_socket = [](Ends& ends) {
    const auto address = loopback();
    return see([&] { return to(ends.here, address); });
  };
  EXPECT_EQ(expect_same_at_once(pipe_to_read, no_socket).error, ENOTSOCK);
  const auto nowhere = [](Ends& ends) {
    return see([&] { return GetParam().connect(ends.here.get(), reinterpret_cast<const sockaddr*>(8), 16); });
  };
  EXPECT_EQ(expect_same_at_once(to_connect, nowhere).error, EFAULT);
  const auto nobody = [](Ends& ends) {
    ends.here.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const UnixAddress name{"nobody"};
    return see([&] { return to(ends.here, name.address, name.size); });
  };
  EXPECT_EQ(expect_same_at_once(unix_stream, nobody).error, ECONNREFUSED);
}

TEST_P(ConnectTest, NamesThePeerOfDatagrams) {
  const auto again = [](Ends& ends) {
    const auto address = name_of(ends.there);
    return see([&] { return to(ends.here, address); });
  };
  EXPECT_EQ(expect_same_at_once(udp, again), (Seen{0, 77, ""}));
}

INSTANTIATE_TEST_SUITE_P(Calls, ConnectTest, testing::ValuesIn(kConnectors),
                         [](const auto& one) { return std::string{one.param.name}; });

/// `here` listens, `there` is to connect.
Ends to_accept() {
  auto ends = to_connect();
  std::swap(ends.here, ends.there);
  return ends;
}

void connect_to(Ends& ends) {
  const auto address = name_of(ends.here);
  EXPECT_EQ(::connect(ends.there.get(), as_sockaddr(address), sizeof address), 0);
}

Ends to_accept_at_once() {
  auto ends = to_accept();
  connect_to(ends);
  return ends;
}

struct Acceptor {
  const char* name;
  int (*accept)(int socket, sockaddr* address, socklen_t* size);
  int descriptor_flags;
};

constexpr Acceptor kAcceptors[] = {
    {"accept", &::accept, 0},
    {"accept4",
     [](int socket, sockaddr* address, socklen_t* size) { return ::accept4(socket, address, size, SOCK_CLOEXEC); },
     FD_CLOEXEC},
};

class AcceptTest : public DescriptorConformanceTest, public testing::WithParamInterface<Acceptor> {
 protected:
  /// What was accepted, without its number, which is anything.
  static Seen accept(Ends& ends) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    auto seen = see([&] { return GetParam().accept(ends.here.get(), reinterpret_cast<sockaddr*>(&peer), &size); });
    if (seen.result < 0) return seen;
    const Fd accepted{static_cast<int>(seen.result)};
    seen.result = 0;
    seen.bytes = peer.sin_port == name_of(ends.there).sin_port ? "from the peer " : "from somebody ";
    seen.bytes += std::to_string(::fcntl(accepted.get(), F_GETFD));
    return seen;
  }
};

TEST_P(AcceptTest, WaitsForAConnection) {
  const auto seen = expect_same(to_accept, accept, connect_to);
  EXPECT_EQ(seen, (Seen{0, 77, "from the peer " + std::to_string(GetParam().descriptor_flags)}));
}

TEST_P(AcceptTest, TakesAConnectionThatIsThere) { EXPECT_EQ(expect_same_at_once(to_accept_at_once, accept).result, 0); }

TEST_P(AcceptTest, WaitsNoLongerThanTheSocketSays) {
  const auto limited = [](Ends& ends) {
    set_timeout(ends.here, SO_RCVTIMEO, 20ms);
    return accept(ends);
  };
  EXPECT_EQ(expect_same_in_time(to_accept, limited).error, EAGAIN);
}

TEST_P(AcceptTest, DoesNotWaitWhereNobodyWantsTo) {
  const auto nonblocking = [](Ends& ends) {
    set_nonblocking(ends.here);
    return accept(ends);
  };
  EXPECT_EQ(expect_same_at_once(to_accept, nonblocking).error, EAGAIN);
}

TEST_P(AcceptTest, RefusesWhatLibcRefuses) {
  EXPECT_EQ(expect_same_at_once(tcp, accept).error, EINVAL);
  EXPECT_EQ(expect_same_at_once(udp, accept).error, EOPNOTSUPP);
  EXPECT_EQ(expect_same_at_once(pipe_to_read, accept).error, ENOTSOCK);
  const auto of_closed = [](Ends& ends) {
    ends.here.reset();
    return accept(ends);
  };
  EXPECT_EQ(expect_same_at_once(to_accept, of_closed).error, EBADF);
}

TEST_P(AcceptTest, EndsWhenTheListenerIsShutDown) {
  const auto seen = expect_same(to_accept, accept, [](Ends& ends) { ::shutdown(ends.here.get(), SHUT_RD); });
  EXPECT_EQ(seen.error, EINVAL);
}

TEST_P(AcceptTest, EndsWhenTheTaskIsCancelled) { EXPECT_EQ(cancelled(to_accept, accept), (Seen{-1, ECANCELED, ""})); }

TEST_P(AcceptTest, EndsWhenAnotherFiberClosesTheDescriptor) {
  EXPECT_EQ(closed(to_accept, accept), (Seen{-1, EBADF, ""}));
}

TEST_P(AcceptTest, GivesEachOfTwoAcceptorsItsConnection) {
  Ends ends = to_accept();
  int accepted = 0;
  for (int i = 0; i < 2; ++i) {
    start([&] {
      const Fd one{GetParam().accept(ends.here.get(), nullptr, nullptr)};
      accepted += one ? 1 : 0;
    });
  }
  connect_to(ends);
  loop.run_until([&] { return accepted == 1; });
  EXPECT_EQ(running(), 1U);
  ends.there = tcp_socket();
  connect_to(ends);
  finish();
  EXPECT_EQ(accepted, 2);
}

INSTANTIATE_TEST_SUITE_P(Calls, AcceptTest, testing::ValuesIn(kAcceptors),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST(ConnectHooksTest, AreAllShownHere) {
  std::vector<std::string_view> shown;
  for (const auto& connector : kConnectors) shown.emplace_back(connector.name);
  for (const auto& acceptor : kAcceptors) shown.emplace_back(acceptor.name);
  EXPECT_THAT(shown, testing::UnorderedElementsAreArray(connect_hooks()));
}

}  // namespace
}  // namespace indrik::fiber
