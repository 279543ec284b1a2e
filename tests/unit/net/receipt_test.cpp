#include "net/receipt.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/fd.h"

namespace indrik::net {
namespace {

TEST(ReceiptTest, CountsTheTimeInTheListenersQueue) {
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
  const auto begun = Clock::now();
  ASSERT_EQ(::send(client.get(), "x", 1, 0), 1);
  EXPECT_EQ(::poll(nullptr, 0, 60), 0);  // the waiting is what is measured
  const Fd accepted{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  const auto waited = since_last_receipt(accepted.get());
  constexpr milliseconds kTick{10};
  EXPECT_GE(waited, milliseconds{60} - kTick);
  EXPECT_LE(waited, Clock::now() - begun + kTick);
  ASSERT_EQ(::send(client.get(), "y", 1, 0), 1);
  const auto sent = Clock::now();
  EXPECT_LE(since_last_receipt(accepted.get()), Clock::now() - sent + kTick);
}

TEST(ReceiptTest, IsNotKnownOfAUnixSocketNorOfWhatIsNoSocket) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Fd one{ends[0]};
  const Fd other{ends[1]};
  EXPECT_EQ(since_last_receipt(one.get()), milliseconds{0});
  EXPECT_EQ(since_last_receipt(-1), milliseconds{0});
}

}  // namespace
}  // namespace indrik::net
