#include "integration/support/frozen_process.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "integration/support/client_socket.h"
#include "integration/support/deadline.h"

namespace indrik::test {
namespace {

std::uint16_t local_port(int fd) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.sin_port);
}

TEST(FrozenProcessTest, TellsWhoIsConnectedToItAndKillsOrLetsGo) {
  const Fd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::listen(listener.get(), 1), 0);  // at a port of the kernel's choice
  const Fd client = start_connecting("127.0.0.1:" + std::to_string(local_port(listener.get())));
  Fd accepted{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(client.get());
    while (true) ::pause();
  }
  accepted.reset();
  {
    const FrozenProcess frozen{child};
    EXPECT_TRUE(frozen.stands());
    EXPECT_TRUE(frozen.client_ports().contains(local_port(client.get())));
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, WCONTINUED), child);
  EXPECT_TRUE(WIFCONTINUED(status));
  FrozenProcess{child}.kill();
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_FALSE(FrozenProcess{child}.stands());
}

}  // namespace
}  // namespace indrik::test
