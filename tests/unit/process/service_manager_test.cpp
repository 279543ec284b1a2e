#include "process/service_manager.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "support/temporary_folder.h"

namespace indrik::process {
namespace {

/// A service manager that reads when the test says so.
class ServiceManagerTest : public testing::Test {
 protected:
  ServiceManagerTest() { clear(); }
  ~ServiceManagerTest() override { clear(); }
  static void clear() {
    for (const auto* name :
         {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
      ::unsetenv(name);
  }
  /// `name` as in NOTIFY_SOCKET: '@' begins an abstract one.
  void listen_at(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    const bool is_abstract = name.front() == '@';
    if (is_abstract) address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (is_abstract ? 0 : 1));
    socket_ = Fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  void listen_in_folder() { listen_at((folder_ / "notify").native()); }
  /// The next message, and a descriptor that came along; empty: none is there.
  std::string receive(Fd* descriptor = nullptr) {
    std::array<char, 4096> text;
    alignas(cmsghdr) std::array<char, 256> control{};
    iovec part{.iov_base = text.data(), .iov_len = text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    for (auto* header = CMSG_FIRSTHDR(&message); size > 0 && header != nullptr; header = CMSG_NXTHDR(&message, header))
      if (header->cmsg_type == SCM_RIGHTS && descriptor != nullptr) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(header), sizeof number);
        *descriptor = Fd{number};
      }
    return size > 0 ? std::string{text.data(), static_cast<std::size_t>(size)} : std::string{};
  }

  test::TemporaryFolder folder_;
  Fd socket_;
};

TEST_F(ServiceManagerTest, IsNotThereWhereNothingNamesItsSocket) {
  const auto manager = ServiceManager::from_environment();
  EXPECT_FALSE(manager.is_there());
  EXPECT_FALSE(manager.watchdog());
  EXPECT_TRUE(manager.tell("READY=1"));
  EXPECT_TRUE(manager.store(0, "name"));
}

TEST_F(ServiceManagerTest, HearsLines) {
  listen_in_folder();
  const auto manager = ServiceManager::from_environment();
  EXPECT_TRUE(manager.is_there());
  EXPECT_TRUE(manager.tell("READY=1\nSTATUS=serving"));
  EXPECT_EQ(receive(), "READY=1\nSTATUS=serving");
}

TEST_F(ServiceManagerTest, MayHaveAnAbstractSocket) {
  listen_at("@indrik-test-" + std::to_string(::getpid()));
  EXPECT_TRUE(ServiceManager::from_environment().tell("READY=1"));
  EXPECT_EQ(receive(), "READY=1");
}

TEST_F(ServiceManagerTest, GetsADescriptorToKeepAndForgetsItByName) {
  listen_in_folder();
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Fd reader{ends[0]};
  Fd writer{ends[1]};
  const auto manager = ServiceManager::from_environment();
  EXPECT_TRUE(manager.store(writer.get(), "indrik=here"));
  Fd kept;
  EXPECT_EQ(receive(&kept), "FDSTORE=1\nFDNAME=indrik=here");
  writer.reset();
  ASSERT_TRUE(kept);
  EXPECT_EQ(::write(kept.get(), "x", 1), 1);
  EXPECT_TRUE(manager.forget("indrik=here"));
  EXPECT_EQ(receive(), "FDSTOREREMOVE=1\nFDNAME=indrik=here");
}

TEST_F(ServiceManagerTest, IsNotWaitedForWhenItsQueueIsFull) {
  listen_in_folder();
  const auto manager = ServiceManager::from_environment();
  std::size_t told = 0;
  while (told < 10'000 && manager.tell("WATCHDOG=1")) ++told;
  ASSERT_LT(told, 10'000U);
  EXPECT_FALSE(manager.store(0, "name"));
  EXPECT_FALSE(manager.forget("name"));
  while (!receive().empty()) --told;
  EXPECT_EQ(told, 0U);  // nothing was lost, and nothing came twice
  EXPECT_TRUE(manager.tell("WATCHDOG=1"));
}

TEST_F(ServiceManagerTest, IsNotTriedAgainWhereItsSocketIsNoneOrHasGone) {
  for (const auto& name : {std::string{"x"}, std::string(200, 'x'), (folder_ / "nobody").native()}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    EXPECT_TRUE(ServiceManager::from_environment().tell("READY=1")) << name;
  }
}

TEST_F(ServiceManagerTest, WatchesWhomItNames) {
  listen_in_folder();
  ::setenv("WATCHDOG_USEC", "300000", 1);
  EXPECT_EQ(ServiceManager::from_environment().watchdog(), milliseconds{300});
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(ServiceManager::from_environment().watchdog(), milliseconds{300});
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_FALSE(ServiceManager::from_environment().watchdog());
  ::unsetenv("WATCHDOG_PID");
  ::setenv("WATCHDOG_USEC", "10", 1);
  EXPECT_EQ(ServiceManager::from_environment().watchdog(), milliseconds{1});
  ::setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_FALSE(ServiceManager::from_environment().watchdog());
}

/// In a child, whose descriptors from 3 on are the test's to fill. Its exit code: how many sockets were taken, or more.
template <class Look>
int look_in_child(bool is_meant, Look look) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ::dup2(socket, 3);
    ::dup2(socket, 4);
    ::setenv("LISTEN_PID", std::to_string(::getpid() + (is_meant ? 0 : 1)).c_str(), 1);
    ::setenv("LISTEN_FDS", "2", 1);
    ::setenv("LISTEN_FDNAMES", "web:indrik=127.0.0.1%3A80", 1);
    ::_exit(look());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(ServiceManagerTest, PassesSocketsWithTheirNamesWhichNoChildInherits) {
  EXPECT_EQ(look_in_child(true,
                          [] {
                            const auto taken = take_passed_sockets();
                            if (taken.size() != 2) return 10;
                            if (taken[0].name != "web" || taken[1].name != "indrik=127.0.0.1%3A80") return 11;
                            if (taken[0].fd.get() != 3 || taken[1].fd.get() != 4) return 12;
                            if ((::fcntl(4, F_GETFD) & FD_CLOEXEC) == 0) return 13;
                            return ::getenv("LISTEN_FDS") == nullptr && ::getenv("LISTEN_PID") == nullptr &&
                                           ::getenv("LISTEN_FDNAMES") == nullptr && take_passed_sockets().empty()
                                       ? 2
                                       : 14;
                          }),
            2);
}

TEST_F(ServiceManagerTest, PassesNothingThatIsMeantForAnotherProcess) {
  EXPECT_EQ(look_in_child(false, [] { return take_passed_sockets().empty() && ::fcntl(3, F_GETFD) == 0 ? 0 : 10; }), 0);
}

}  // namespace
}  // namespace indrik::process
