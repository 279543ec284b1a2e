#include "net/listener.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_folder.h"

namespace indrik::net {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

Result<Listener> open(const std::string& text, const ListenOptions& options = {}) {
  auto address = Address::parse(text);
  if (!address) return fail(std::move(address).error());
  return Listener::open(*address, options);
}

Fd connected_to(const Address& address) {
  Fd client{::socket(address.raw()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  return ::connect(client.get(), address.raw(), address.raw_size()) == 0 ? std::move(client) : Fd{};
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
}

class ListenerTest : public ::testing::Test {
 protected:
  std::string socket_path() const { return (folder_ / "a.sock").native(); }
  test::TemporaryFolder folder_;
};

TEST_F(ListenerTest, TellsThePortThatWasChosenForPortZero) {
  const auto listener = open("127.0.0.1:0");
  ASSERT_TRUE(listener) << listener.error().text();
  EXPECT_THAT(listener->address().text(), ::testing::Not(EndsWith(":0")));
  EXPECT_TRUE(connected_to(listener->address()));
}

TEST_F(ListenerTest, NeitherBlocksNorSurvivesAnExec) {
  const auto listener = open("127.0.0.1:0");
  ASSERT_TRUE(listener);
  EXPECT_NE(::fcntl(listener->fd(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(listener->fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(ListenerTest, HasTheBacklogThatWasAskedFor) {
  const auto listener = open("127.0.0.1:0", {.backlog = 7});
  ASSERT_TRUE(listener);
  tcp_info info{};
  socklen_t size = sizeof info;
  ASSERT_EQ(::getsockopt(listener->fd(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  EXPECT_EQ(info.tcpi_sacked, 7U);  // of a listener: its backlog, see tcp_diag
}

TEST_F(ListenerTest, LeavesTheIpv4PortAloneWhenItListensOnIpv6) {
  const auto six = open("[::]:0");
  if (!six) GTEST_SKIP() << six.error().text();
  int only = 0;
  socklen_t size = sizeof only;
  ASSERT_EQ(::getsockopt(six->fd(), IPPROTO_IPV6, IPV6_V6ONLY, &only, &size), 0);
  EXPECT_EQ(only, 1);
}

TEST_F(ListenerTest, SaysWhichAddressIsInUse) {
  const auto first = open("127.0.0.1:0");
  ASSERT_TRUE(first);
  const auto second = open(first->address().text());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text(), "bind " + first->address().text() + ": Address already in use");
  EXPECT_EQ(second.error().code(), EADDRINUSE);
}

TEST_F(ListenerTest, MakesAUnixSocketForOwnerAndGroupWhateverTheUmask) {
  const auto before = ::umask(0);
  const auto wide = open("unix:" + socket_path());
  EXPECT_EQ(mode_of(socket_path()), 0660U);
  ::umask(0777);
  const auto narrow = open("unix:" + socket_path() + "2", {.unix_mode = 0600});
  ::umask(before);
  EXPECT_EQ(mode_of(socket_path() + "2"), 0600U);
}

TEST_F(ListenerTest, TakesOverAUnixSocketOnWhichNobodyListens) {
  { const auto dead = open("unix:" + socket_path()); }  // closed, but its file stays
  ASSERT_TRUE(std::filesystem::exists(socket_path()));
  const auto listener = open("unix:" + socket_path());
  ASSERT_TRUE(listener) << listener.error().text();
  EXPECT_TRUE(connected_to(listener->address()));
}

TEST_F(ListenerTest, RefusesAUnixSocketThatIsInUse) {
  const auto live = open("unix:" + socket_path());
  const auto second = open("unix:" + socket_path());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text(), EndsWith("Address already in use"));
  EXPECT_TRUE(connected_to(live->address()));
}

TEST_F(ListenerTest, LeavesAFileThatIsNoSocketAlone) {
  std::ofstream{socket_path()} << "precious";
  const auto listener = open("unix:" + socket_path());
  ASSERT_FALSE(listener);
  EXPECT_THAT(listener.error().text(), HasSubstr("is no socket"));
  EXPECT_EQ(std::filesystem::file_size(socket_path()), 8U);
}

TEST_F(ListenerTest, SaysThatTheFolderOfAUnixSocketIsMissing) {
  const auto listener = open("unix:" + (folder_ / "none/a.sock").native());
  ASSERT_FALSE(listener);
  EXPECT_THAT(listener.error().text(), EndsWith("No such file or directory"));
}

TEST_F(ListenerTest, RemovesItsUnixSocketWhenItCloses) {
  auto listener = open("unix:" + socket_path());
  listener->close_and_unlink();
  EXPECT_FALSE(std::filesystem::exists(socket_path()));
  EXPECT_EQ(listener->fd(), -1);
}

TEST_F(ListenerTest, LeavesTheSocketOfASuccessorAlone) {
  auto first = open("unix:" + socket_path());
  std::filesystem::rename(socket_path(), socket_path() + ".old");
  const auto second = open("unix:" + socket_path());
  first->close_and_unlink();
  EXPECT_TRUE(connected_to(second->address()));
}

TEST_F(ListenerTest, AdoptsAListeningDescriptorAndTellsWhereItStands) {
  auto original = open("127.0.0.1:0");
  const int inherited = ::dup(original->fd());
  const auto listener = open("fd://" + std::to_string(inherited));
  ASSERT_TRUE(listener) << listener.error().text();
  EXPECT_EQ(listener->address().text(), original->address().text());
  EXPECT_NE(::fcntl(inherited, F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(ListenerTest, SendsAnswersAtOnceOnAnAdoptedDescriptorToo) {
  Fd raw{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::listen(raw.get(), 1), 0);  // binds it to a free port
  const auto listener = open("fd://" + std::to_string(raw.get()));
  ASSERT_TRUE(listener) << listener.error().text();
  EXPECT_EQ(raw.release(), listener->fd());
  int on = 0;
  socklen_t size = sizeof on;
  ASSERT_EQ(::getsockopt(listener->fd(), IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
  EXPECT_EQ(on, 1);
}

TEST_F(ListenerTest, AdoptsAUnixSocketThoughItHasNoTcpOptions) {
  const auto original = open("unix:" + socket_path());
  const auto listener = open("fd://" + std::to_string(::dup(original->fd())));
  ASSERT_TRUE(listener) << listener.error().text();
  EXPECT_TRUE(connected_to(listener->address()));
}

TEST_F(ListenerTest, RefusesADescriptorThatIsNoListeningStreamSocket) {
  const auto refusal = [](int fd) {
    const auto listener = open("fd://" + std::to_string(fd));
    return listener ? std::string{"taken"} : listener.error().text();
  };
  const Fd idle{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const Fd datagram{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const Fd file{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  EXPECT_THAT(refusal(idle.get()), EndsWith("does not listen"));
  EXPECT_THAT(refusal(datagram.get()), EndsWith("no stream socket"));
  EXPECT_THAT(refusal(file.get()), EndsWith("no stream socket"));
  EXPECT_THAT(refusal(4000), EndsWith("Bad file descriptor"));
}

}  // namespace
}  // namespace indrik::net
