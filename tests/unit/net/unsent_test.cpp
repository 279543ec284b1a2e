#include "net/unsent.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/fd.h"

namespace indrik::net {
namespace {

/// Sends until the socket takes no more.
void fill(int socket) {
  const std::string bytes(64 * 1024, 'x');
  while (::send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
  }
}

TEST(UnsentTest, ShrinksAsAUnixSocketsPeerReads) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Fd one{ends[0]};
  const Fd other{ends[1]};
  fill(one.get());
  const auto before = unsent(one.get());
  EXPECT_GT(before, 64 * 1024);
  std::string room(64 * 1024, '\0');
  ASSERT_EQ(::recv(other.get(), room.data(), room.size(), MSG_WAITALL), 64 * 1024);
  EXPECT_LT(unsent(one.get()), before);
}

TEST(UnsentTest, ShrinksAsATcpPeerReads) {
  const Fd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), raw, size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), raw, &size), 0);
  const Fd client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::connect(client.get(), raw, size), 0);
  const Fd accepted{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  EXPECT_EQ(unsent(accepted.get()), 0);
  fill(accepted.get());
  EXPECT_GT(unsent(accepted.get()), 0);
  std::string room(1 << 20, '\0');
  while (unsent(accepted.get()) > 0) ASSERT_GT(::recv(client.get(), room.data(), room.size(), 0), 0);
}

TEST(UnsentTest, IsNothingWhereTheKernelDoesNotSay) { EXPECT_EQ(unsent(-1), 0); }

}  // namespace
}  // namespace indrik::net
