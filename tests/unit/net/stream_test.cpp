#include "net/stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <string>

#include "support/temporary_folder.h"

namespace indrik::net {
namespace {

class StreamTest : public testing::Test {
 protected:
  StreamTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    stream = Stream{Fd{ends[0]}};
    client.reset(ends[1]);
  }
  Fd file_with(const std::string& bytes) const {
    const auto path = folder.path() / "file";
    std::ofstream{path} << bytes;
    return Fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  }
  std::string received() const {
    std::string text(4096, '\0');
    const ssize_t size = ::recv(client.get(), text.data(), text.size(), 0);
    return text.substr(0, size > 0 ? static_cast<std::size_t>(size) : 0);
  }

  test::TemporaryFolder folder;
  Stream stream;
  Fd client;
};

TEST_F(StreamTest, SendsASliceOfAFile) {
  const auto file = file_with("0123456789");
  EXPECT_EQ(stream.send("head ", true), 5);
  EXPECT_EQ(stream.send_file(file.get(), 2, 5), 5);
  EXPECT_EQ(received() + received(), "head 23456");
}

TEST_F(StreamTest, SaysThatAFileEndsBeforeTheSlice) {
  const auto file = file_with("0123456789");
  EXPECT_EQ(stream.send_file(file.get(), 8, 5), 2);
  EXPECT_EQ(stream.send_file(file.get(), 10, 5), 0);
  EXPECT_EQ(stream.send_file(file.get(), std::uint64_t{5} << 40, 5), 0);
}

TEST_F(StreamTest, TellsAFullSocketFromAFailure) {
  const auto file = file_with(std::string(1 << 20, 'x'));
  ssize_t size = 0;
  while (size >= 0) size = stream.send_file(file.get(), 0, 1 << 20);
  EXPECT_TRUE(Stream::would_block());
}

}  // namespace
}  // namespace indrik::net
