#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>

#include "unit/fiber/poll_loop.h"

// What the fortified forms are called with; no header declares them.
extern "C" {
ssize_t __read_chk(int, void*, std::size_t, std::size_t);
ssize_t __recv_chk(int, void*, std::size_t, std::size_t, int);
ssize_t __recvfrom_chk(int, void*, std::size_t, std::size_t, int, sockaddr*, socklen_t*);
ssize_t __read(int, void*, std::size_t);
ssize_t __write(int, const void*, std::size_t);
ssize_t __send(int, const void*, std::size_t, int);
int __connect(int, const sockaddr*, socklen_t);
int __close(int);
int __dup2(int, int);
}

namespace indrik::fiber {

/// What a caller sees of a call. errno is 77 before: success leaves it alone.
struct Seen {
  long result = 0;
  int error = 0;
  std::string bytes;

  bool operator==(const Seen&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
    return out << seen.result << " errno " << seen.error << " '" << seen.bytes.substr(0, 60) << "' ("
               << seen.bytes.size() << " bytes)";
  }
};

template <class Call>
Seen see(Call call) {
  errno = 77;
  const long result = call();
  return {.result = result, .error = errno, .bytes = {}};
}

/// Both ends of something that carries bytes; `here` is the caller's.
struct Ends {
  Fd here;
  Fd there;
};

inline Ends socket_pair(int type) {
  std::array<int, 2> pair{};
  EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair.data()), 0);
  return {Fd{pair[0]}, Fd{pair[1]}};
}
inline Ends unix_stream() { return socket_pair(SOCK_STREAM); }
inline Ends unix_datagrams() { return socket_pair(SOCK_DGRAM); }
inline Ends unix_packets() { return socket_pair(SOCK_SEQPACKET); }

inline sockaddr_in loopback() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}
inline sockaddr_in name_of(const Fd& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return address;
}
template <class Address>
const sockaddr* as_sockaddr(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}
inline Fd bound(int type) {
  Fd socket{::socket(AF_INET, type | SOCK_CLOEXEC, 0)};
  const auto address = loopback();
  EXPECT_EQ(::bind(socket.get(), as_sockaddr(address), sizeof address), 0);
  return socket;
}

inline Ends tcp() {
  const Fd listener = bound(SOCK_STREAM);
  EXPECT_EQ(::listen(listener.get(), 1), 0);
  const auto address = name_of(listener);
  Fd here{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  EXPECT_EQ(::connect(here.get(), as_sockaddr(address), sizeof address), 0);
  return {std::move(here), Fd{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)}};
}

inline Ends udp() {
  Ends ends{bound(SOCK_DGRAM), bound(SOCK_DGRAM)};
  const auto here = name_of(ends.here);
  const auto there = name_of(ends.there);
  EXPECT_EQ(::connect(ends.here.get(), as_sockaddr(there), sizeof there), 0);
  EXPECT_EQ(::connect(ends.there.get(), as_sockaddr(here), sizeof here), 0);
  return ends;
}

/// For reading: `here` is the end that gives.
inline Ends pipe_to_read() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {Fd{ends[0]}, Fd{ends[1]}};
}
inline Ends pipe_to_write() {
  auto ends = pipe_to_read();
  std::swap(ends.here, ends.there);
  return ends;
}

inline void set_nonblocking(const Fd& fd) {
  EXPECT_EQ(::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK), 0);
}
inline void set_timeout(const Fd& socket, int option, std::chrono::microseconds timeout) {
  const timeval value{.tv_sec = timeout.count() / 1'000'000, .tv_usec = timeout.count() % 1'000'000};
  EXPECT_EQ(::setsockopt(socket.get(), SOL_SOCKET, option, &value, sizeof value), 0);
}
inline void put(const Fd& fd, std::string_view bytes) {
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}
/// All until the end.
inline std::string drain(const Fd& fd) {
  std::string all;
  std::array<char, 65536> room{};
  for (ssize_t got = 0; (got = ::read(fd.get(), room.data(), room.size())) > 0;)
    all.append(room.data(), static_cast<std::size_t>(got));
  return all;
}
/// Bytes of which every piece can be told from every other; the first of ten million that are made once.
inline std::string pattern(std::size_t size) {
  static const std::string all = [] {
    std::string bytes;
    bytes.reserve(10'000'010);
    for (std::size_t i = 0; bytes.size() < 10'000'000; ++i) bytes.append(std::to_string(i)).push_back(' ');
    return bytes;
  }();
  EXPECT_LE(size, all.size());
  return all.substr(0, size);
}

/// How often SIGPIPE was raised while this lives.
class PipeSignals {
 public:
  PipeSignals() {
    g_count = 0;
    before_ = ::signal(SIGPIPE, [](int) { ++g_count; });
  }
  ~PipeSignals() { ::signal(SIGPIPE, before_); }
  PipeSignals(const PipeSignals&) = delete;
  PipeSignals& operator=(const PipeSignals&) = delete;
  int take() { return g_count.exchange(0); }

 private:
  inline static std::atomic<int> g_count{0};
  void (*before_)(int) = nullptr;
};

/// Runs a call twice: in a thread, where it is libc's, and in a fiber, where it must look the same.
class DescriptorConformanceTest : public PollLoopTest {
 protected:
  using Make = Ends (*)();
  using Call = std::function<Seen(Ends&)>;
  using Peer = std::function<void(Ends&)>;

  static Seen in_thread(Make make, const Call& call, const Peer& peer = {}) {
    Ends ends = make();
    Seen seen;
    std::thread caller{[&] { seen = call(ends); }};
    if (peer) peer(ends);
    caller.join();
    return seen;
  }
  /// `parks`: whether it is to be parked when the peer begins.
  Seen in_fiber(Make make, const Call& call, const Peer& peer = {}, bool parks = true) {
    Ends ends = make();
    Seen seen;
    start([&] { seen = call(ends); });
    EXPECT_EQ(running(), parks ? 1U : 0U) << (parks ? "held the thread" : "parked");
    std::thread other{[&] {
      if (peer) peer(ends);
    }};
    finish();
    other.join();
    return seen;
  }
  /// What the call waits for comes from the peer.
  Seen expect_same(Make make, const Call& call, const Peer& peer) {
    const auto libc = in_thread(make, call, peer);
    EXPECT_EQ(in_fiber(make, call, peer), libc);
    return libc;
  }
  /// The call does not wait.
  Seen expect_same_at_once(Make make, const Call& call) {
    const auto libc = in_thread(make, call);
    EXPECT_EQ(in_fiber(make, call, {}, false), libc);
    return libc;
  }
  /// The call waits for time only.
  Seen expect_same_in_time(Make make, const Call& call) {
    const auto libc = in_thread(make, call);
    EXPECT_EQ(in_fiber(make, call), libc);
    return libc;
  }
  /// Of a parked call whose task is cancelled.
  Seen cancelled(Make make, const Call& call) {
    Ends ends = make();
    Seen seen;
    auto* const fiber = start([&] { seen = call(ends); });
    EXPECT_EQ(running(), 1U);
    cancel(*fiber);
    finish();
    return seen;
  }
  /// Of a parked call whose descriptor another fiber closes; its number is another file's at once.
  Seen closed(Make make, const Call& call) {
    Ends ends = make();
    Ends others = make();
    Seen seen;
    start([&] { seen = call(ends); });
    EXPECT_EQ(running(), 1U);
    start([&] {
      const int number = ends.here.get();
      ends.here.reset();
      EXPECT_EQ(::fcntl(others.here.get(), F_DUPFD_CLOEXEC, number), number);
      ends.here.reset(number);
    });
    finish();
    return seen;
  }
};

}  // namespace indrik::fiber
